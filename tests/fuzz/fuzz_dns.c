/* One DNS message: as it is, and cut short, where it may be called truncated but not malformed; then filed. */
#include "dissect/dns.h"
#include "fuzz/fuzz.h"

static void check_name(const char *name, size_t room)
{
	FUZZ_CHECK(memchr(name, '\0', room) != NULL);
	for (; *name; name++)
		FUZZ_CHECK(*name > ' ' && *name < 0x7f && !(*name >= 'A' && *name <= 'Z'));
}

static void check(const struct pp_dns_message *message)
{
	check_name(message->name, sizeof(message->name));
	FUZZ_CHECK(message->address_count <= PP_DNS_ADDRESSES_MAX && message->alias_count <= PP_DNS_ALIASES_MAX);
	for (unsigned i = 0; i < message->alias_count; i++)
		check_name(message->aliases[i], sizeof(message->aliases[i]));
}

static void file(struct pp_dns_message *message)
{
	struct pp_endpoint_addr client = { .port = 5353 }, resolver = { .port = 53 };
	struct pp_lookups *lookups;
	struct pp_pool pool;

	pp_pool_init(&pool, FUZZ_POOL_MAX);
	lookups = pp_lookups_new(4, fuzz_key, &pool);
	for (unsigned i = 0; lookups && i < 8; i++) {
		message->response = i & 1;
		pp_lookups_add(lookups, message, i & 1 ? &resolver : &client, i & 1 ? &client : &resolver, i & 2,
			       (struct pp_mark){ .packet = i + 1, .ts = i });
	}
	for (size_t i = 0; lookups && i < pp_lookups_count(lookups); i++)
		check_name(pp_lookups_at(lookups, i)->name, PP_DNS_NAME_MAX);
	pp_lookups_free(lookups);
	pp_pool_done(&pool);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pp_dns_message message, part;
	enum pp_err err = pp_dns_parse((struct pp_span){ data, size }, PP_MALFORMED, &message), cut_err;
	size_t cut = size ? size * data[size - 1] / 256 : 0;

	check(&message);
	cut_err = pp_dns_parse((struct pp_span){ data, cut }, PP_TRUNCATED, &part);
	check(&part);
	if (err == PP_OK && !message.truncated && message.opcode == 0)
		FUZZ_CHECK(cut_err == PP_OK || cut_err == PP_TRUNCATED);
	if (message.has_question)
		file(&message);
	return 0;
}
