#include "cli/value.h"

#include <string.h>

/* Digits at the start of `text`; NULL without any or beyond uint64_t, else where they end. */
static const char *digits(const char *text, uint64_t *ret_number)
{
	uint64_t number = 0;
	const char *at = text;

	for (; *at >= '0' && *at <= '9'; at++) {
		uint64_t digit = (uint64_t)(*at - '0');

		if (number > (UINT64_MAX - digit) / 10)
			return NULL;
		number = number * 10 + digit;
	}
	*ret_number = number;
	return at == text ? NULL : at;
}

bool pp_value_number(const char *text, uint64_t least, uint64_t most, uint64_t *ret_number)
{
	uint64_t number;
	const char *end = digits(text, &number);

	if (!end || *end || number < least || number > most)
		return false;
	*ret_number = number;
	return true;
}

bool pp_value_size(const char *text, uint64_t *ret_bytes)
{
	static const char units[] = "kMG";
	uint64_t number;
	const char *end = digits(text, &number), *unit;

	if (!end)
		return false;
	if (*end) {
		unit = strchr(units, *end == 'K' ? 'k' : *end);
		if (!unit || end[1])
			return false;
		for (const char *at = units; at <= unit; at++) {
			if (number > UINT64_MAX / 1024)
				return false;
			number *= 1024;
		}
	}
	if (number == 0 || number > SIZE_MAX)
		return false;
	*ret_bytes = number;
	return true;
}

bool pp_value_host_port(const char *text, struct pp_host_port *ret_host_port)
{
	const char *colon = strrchr(text, ':');
	bool bracket = text[0] == '[';
	struct pp_host_port found = { .is_name = false };
	uint64_t port;
	size_t len;

	if (!colon || !pp_value_number(colon + 1, 1, 65535, &port))
		return false;
	if (bracket && colon[-1] != ']')
		return false;
	text += bracket;
	len = (size_t)(colon - text) - bracket;
	if (len == 0 || len >= sizeof(found.host))
		return false;
	memcpy(found.host, text, len);
	found.host[len] = '\0';
	if (pp_addr_parse(found.host, &found.addr.ip) != PP_OK)
		found.is_name = true;
	/* An IPv6 address needs its brackets, a name must not have any. */
	if (bracket == (found.is_name || pp_addr_is_v4(&found.addr.ip)))
		return false;
	if (found.is_name && strpbrk(found.host, ":/@[] "))
		return false;
	found.addr.port = (uint16_t)port;
	*ret_host_port = found;
	return true;
}
