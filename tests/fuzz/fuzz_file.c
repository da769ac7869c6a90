/* A whole file, from its first byte to the report. */
#include "fuzz/analyse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_analyse(data, size);
	return 0;
}
