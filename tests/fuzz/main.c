/* Replays saved inputs through a target that is not linked to libFuzzer.  usage: fuzz_NAME [FILE|FOLDER]…
 *
 * Each input lies against an inaccessible page, so that an over-read traps in builds without sanitizers too. */
#include "fuzz/fuzz.h"
#include "support/guard.h"

#include <dirent.h>
#include <sys/stat.h>

static uint8_t *read_file(const char *path, size_t *ret_len)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = NULL;
	size_t len = 0, room = 0, n;

	if (!file)
		return NULL;
	do {
		uint8_t *more = realloc(bytes, room = len + (1 << 16));

		if (!more)
			abort();
		bytes = more;
		n = fread(bytes + len, 1, room - len, file);
		len += n;
	} while (n > 0);
	fclose(file);
	*ret_len = len;
	return bytes;
}

static int replay_file(const char *path)
{
	size_t len = 0;
	uint8_t *bytes = read_file(path, &len);
	struct pp_guard guard;

	if (!bytes) {
		fprintf(stderr, "%s: cannot be read\n", path);
		return 1;
	}
	fprintf(stderr, "%s\n", path);
	guard = pp_guard_open(len);
	(void)LLVMFuzzerTestOneInput(pp_guard_bytes(&guard, bytes, len), len);
	pp_guard_close(&guard);
	free(bytes);
	return 0;
}

static int replay(const char *path)
{
	struct dirent **names;
	struct stat stat_of;
	int count, failed = 0;

	if (stat(path, &stat_of) != 0 || !S_ISDIR(stat_of.st_mode))
		return replay_file(path);
	count = scandir(path, &names, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		char inside[4096];

		snprintf(inside, sizeof(inside), "%s/%s", path, names[i]->d_name);
		if (names[i]->d_name[0] != '.')
			failed |= replay(inside);
		free(names[i]);
	}
	if (count >= 0)
		free(names);
	return failed || count < 0;
}

int main(int argc, char **argv)
{
	int failed = 0;

	for (int i = 1; i < argc; i++)
		failed |= replay(argv[i]);
	return failed;
}
