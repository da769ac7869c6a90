#include "platform/outfile.h"

#include "support/cmocka_all.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Every test runs in a directory of its own. */
static char directory[64];

static int set_up(void **state)
{
	(void)state;
	strcpy(directory, "/tmp/pp-outfile-XXXXXX");
	return mkdtemp(directory) && chdir(directory) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	DIR *dir = opendir(".");
	const struct dirent *entry;

	(void)state;
	while (dir && (entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			(void)unlink(entry->d_name);
	if (dir)
		closedir(dir);
	return chdir("/") == 0 && rmdir(directory) == 0 ? 0 : -1;
}

static void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void expect(const char *path, const char *text)
{
	char found[100] = "";
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	found[fread(found, 1, sizeof(found) - 1, file)] = '\0';
	fclose(file);
	assert_string_equal(found, text);
}

static int entries(void)
{
	DIR *dir = opendir(".");
	int count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 2;
}

static struct pp_outfile *open_ok(const char *path)
{
	struct pp_outfile *file = NULL;

	assert_int_equal(pp_outfile_open(&file, path, NULL, 0), PP_OK);
	return file;
}

static void test_whole_or_not_at_all(void **state)
{
	struct pp_outfile *file;

	(void)state;
	put("out", "before");
	file = open_ok("out");
	assert_int_equal(entries(), 1);
	assert_int_equal(pp_outfile_write(file, "after", 5), PP_OK);
	expect("out", "before");
	pp_outfile_close(file);
	expect("out", "before");
	assert_int_equal(entries(), 1);

	file = open_ok("out");
	assert_int_equal(pp_outfile_write(file, "after", 5), PP_OK);
	assert_int_equal(pp_outfile_commit(file), PP_OK);
	pp_outfile_close(file);
	expect("out", "after");
	assert_int_equal(entries(), 1);
}

static void test_empty(void **state)
{
	struct pp_outfile *file = open_ok("empty");

	(void)state;
	assert_int_equal(pp_outfile_commit(file), PP_OK);
	pp_outfile_close(file);
	expect("empty", "");
}

static void test_mode_is_kept(void **state)
{
	struct stat is;
	struct pp_outfile *file;

	(void)state;
	put("private", "x");
	assert_int_equal(chmod("private", 0600), 0);
	file = open_ok("private");
	assert_int_equal(pp_outfile_write(file, "y", 1), PP_OK);
	assert_int_equal(pp_outfile_commit(file), PP_OK);
	pp_outfile_close(file);
	assert_int_equal(stat("private", &is), 0);
	assert_int_equal(is.st_mode & 0777, 0600);
}

static void test_link_stays(void **state)
{
	struct stat is;
	struct pp_outfile *file;

	(void)state;
	put("real", "x");
	assert_int_equal(symlink("real", "link"), 0);
	file = open_ok("link");
	assert_int_equal(pp_outfile_write(file, "y", 1), PP_OK);
	assert_int_equal(pp_outfile_commit(file), PP_OK);
	pp_outfile_close(file);
	assert_int_equal(lstat("link", &is), 0);
	assert_true(S_ISLNK(is.st_mode));
	expect("real", "y");
}

static void test_input_is_refused(void **state)
{
	const char *inputs[] = { "other", "in" };
	struct pp_outfile *file = NULL;

	(void)state;
	put("in", "precious");
	assert_int_equal(link("in", "hard"), 0);
	assert_int_equal(symlink("in", "soft"), 0);
	assert_int_equal(pp_outfile_open(&file, "in", inputs, 2), PP_USAGE);
	assert_int_equal(pp_outfile_open(&file, "./hard", inputs, 2), PP_USAGE);
	assert_int_equal(pp_outfile_open(&file, "soft", inputs, 2), PP_USAGE);
	assert_null(file);
	expect("in", "precious");
}

static void expect_fails(const char *path, int why)
{
	struct pp_outfile *file = NULL;

	errno = 0;
	assert_int_equal(pp_outfile_open(&file, path, NULL, 0), PP_IO);
	assert_int_equal(errno, why);
	assert_null(file);
}

static void test_impossible_targets(void **state)
{
	(void)state;
	expect_fails("missing/out", ENOENT);
	expect_fails(".", EISDIR);
	expect_fails("", ENOENT);
	put("file", "");
	expect_fails("file/out", ENOTDIR);
}

static void test_devices_are_written_directly(void **state)
{
	struct pp_outfile *file = open_ok("/dev/full");

	(void)state;
	assert_int_equal(pp_outfile_write(file, "x", 1), PP_IO);
	assert_int_equal(errno, ENOSPC);
	pp_outfile_close(file);
	file = open_ok("/dev/null");
	assert_int_equal(pp_outfile_write(file, "x", 1), PP_OK);
	assert_int_equal(pp_outfile_commit(file), PP_OK);
	pp_outfile_close(file);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_whole_or_not_at_all),
		TEST(test_empty),
		TEST(test_mode_is_kept),
		TEST(test_link_stays),
		TEST(test_input_is_refused),
		TEST(test_impossible_targets),
		TEST(test_devices_are_written_directly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
