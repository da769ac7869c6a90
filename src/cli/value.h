/* value: option values, read strictly: the whole text or nothing. */
#ifndef PP_CLI_VALUE_H
#define PP_CLI_VALUE_H

#include "base/addr.h"

bool pp_value_number(const char *text, uint64_t least, uint64_t most, uint64_t *ret_number);
/* Bytes, with an optional k, M or G (powers of 1024). */
bool pp_value_size(const char *text, uint64_t *ret_bytes);

/* HOST:PORT, an IPv6 address in brackets.  `is_name`: the host is no address and `ret_addr->ip` is unset. */
struct pp_host_port {
	char host[256];
	struct pp_endpoint_addr addr;
	bool is_name;
};
bool pp_value_host_port(const char *text, struct pp_host_port *ret_host_port);

#endif
