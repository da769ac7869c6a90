#include "platform/pcap.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

/* What it is called by its makers, and by Debian. */
static const char *const libraries[] = { "libpcap.so.1", "libpcap.so.0.8" };

static const char *const functions[] = {
#define NAME(name) "pcap_" #name,
	PP_PCAP_FUNCTIONS(NAME)
#undef NAME
};

enum { FUNCTIONS = sizeof(functions) / sizeof(functions[0]) };

/* dlsym() gives functions as data; they are copied into the table as such. */
_Static_assert(sizeof(struct pp_pcap) == FUNCTIONS * sizeof(void *), "the table holds nothing but functions");

static enum pp_err refuse(const char *why, char *ret_error)
{
	snprintf(ret_error, PP_PCAP_ERROR,
		 "libpcap cannot be loaded (%.120s); install it, on Debian and Ubuntu the package libpcap0.8", why);
	return PP_USAGE;
}

enum pp_err pp_pcap_load(struct pp_pcap *ret_pcap, char *ret_error)
{
	void *library = NULL, *found[FUNCTIONS];

	for (size_t i = 0; !library && i < sizeof(libraries) / sizeof(libraries[0]); i++)
		library = dlopen(libraries[i], RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return refuse(dlerror(), ret_error);
	for (size_t i = 0; i < FUNCTIONS; i++) {
		found[i] = dlsym(library, functions[i]);
		if (!found[i])
			return refuse(dlerror(), ret_error);
	}
	memcpy(ret_pcap, found, sizeof(found));
	return PP_OK;
}
