/* Microsoft's service tag file, or something like it. */
#include "attribute/service_tags.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pp_service_tags *tags;
	struct pp_data_error error = { NULL, 0, "" };
	const char *category, *name;
	struct pp_addr addr;

	if (pp_service_tags_read(&tags, "fuzz.json", (struct pp_span){ data, size }, &error) != PP_OK) {
		FUZZ_CHECK(memchr(error.what, '\0', sizeof(error.what)) && error.what[0] != '\0');
		return 0;
	}
	for (unsigned i = 0; i < 64; i++) {
		const uint8_t bytes[4] = { (uint8_t)(i * 37), (uint8_t)(i * 11), (uint8_t)i, 1 };

		addr = pp_addr_v4(bytes);
		name = pp_service_tags_find(tags, &addr, &category);
		fuzz_read_text(name);
	}
	if (pp_addr_parse("2603:1030::1", &addr) == PP_OK)
		(void)pp_service_tags_find(tags, &addr, &category);
	pp_service_tags_free(tags);
	return 0;
}
