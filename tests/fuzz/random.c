/* Feeds a target with inputs made from numbers: the same ones everywhere, many more than are worth keeping as files.
 * usage: random_NAME FIRST COUNT BYTES */
#include "fuzz/fuzz.h"

#include <stdio.h>

static uint64_t next(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

int main(int argc, char **argv)
{
	unsigned long first, count, most;
	uint8_t *bytes;

	if (argc != 4)
		return 1;
	first = strtoul(argv[1], NULL, 10);
	count = strtoul(argv[2], NULL, 10);
	most = strtoul(argv[3], NULL, 10);
	bytes = malloc(most + sizeof(uint64_t));
	if (!bytes)
		return 1;
	for (unsigned long i = first; i < first + count; i++) {
		uint64_t state = i;
		size_t size = (size_t)(next(&state) % (most + 1));

		for (size_t at = 0; at < size; at += sizeof(state)) {
			uint64_t word = next(&state);

			memcpy(bytes + at, &word, sizeof(word));
		}
		(void)LLVMFuzzerTestOneInput(bytes, size);
	}
	printf("%lu inputs of up to %lu bytes: no difference\n", count, most);
	free(bytes);
	return 0;
}
