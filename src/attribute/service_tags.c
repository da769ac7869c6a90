#include "attribute/service_tags.h"
#include "attribute/prefix.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tag {
	const char *name, *category;
	bool service;  /* anything but AzureCloud, which holds all of Azure */
	bool regional; /* "Storage.JapanEast" */
};

struct pp_service_tags {
	struct pp_pool pool;
	struct pp_arena arena;
	struct tag *tags;
	uint32_t tag_count;
	struct pp_prefix *prefixes; /* value: the tag */
	uint32_t prefix_count;
};

/* What a tag's addresses serve.  Source: the [tag:...] notes of filters/endpoints.tsv and Microsoft's "Virtual network
 * service tags".  A tag that several categories share (AzureFrontDoor, AzureCloud) has none. */
static const char *tag_category(const char *name)
{
	static const struct {
		const char *tag, *category;
	} known[] = {
		{ "AzureActiveDirectory", "entra-id" },
		{ "AzureArcInfrastructure", "arc" },
		{ "AzureBackup", "backup" },
		{ "AzureKeyVault", "key-vault" },
		{ "AzureMonitor", "monitor-ingest" },
		{ "AzureResourceManager", "arm" },
		{ "AzureSiteRecovery", "site-recovery" },
		{ "AzureUpdateDelivery", "windows-update" },
		{ "EventHub", "service-bus" },
		{ "GuestAndHybridManagement", "automation" },
		{ "ServiceBus", "service-bus" },
		{ "Storage", "storage" },
		{ "WindowsAdminCenter", "arc" },
	};
	size_t len = strcspn(name, ".");

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strlen(known[i].tag) == len && memcmp(known[i].tag, name, len) == 0)
			return known[i].category;
	return NULL;
}

struct reader {
	struct pp_service_tags *tags;
	struct pp_data_error *error;
	const char *file;
};

static enum pp_err __attribute__((format(printf, 3, 4)))
fail(const struct reader *reader, enum pp_err err, const char *format, ...)
{
	va_list args;

	*reader->error = (struct pp_data_error){ .file = reader->file };
	va_start(args, format);
	vsnprintf(reader->error->what, sizeof(reader->error->what), format, args);
	va_end(args);
	return err;
}

static enum pp_err no_memory(const struct reader *reader)
{
	return fail(reader, PP_NOMEM, "%s", pp_err_text(PP_NOMEM));
}

static enum pp_err count_prefixes(const struct reader *reader, const json_t *values, size_t *ret_count)
{
	size_t count = 0, i;
	const json_t *value;

	json_array_foreach(values, i, value)
	{
		const json_t *list = json_object_get(json_object_get(value, "properties"), "addressPrefixes");

		if (!json_is_string(json_object_get(value, "name")) || !json_is_array(list))
			return fail(reader, PP_MALFORMED,
				    "entry %zu of \"values\" lacks name or properties.addressPrefixes", i + 1);
		count += json_array_size(list);
	}
	if (count > PP_SERVICE_TAG_PREFIXES_MAX || json_array_size(values) > PP_SERVICE_TAG_PREFIXES_MAX)
		return fail(reader, PP_LIMIT, "more than %d prefixes or tags", PP_SERVICE_TAG_PREFIXES_MAX);
	*ret_count = count;
	return PP_OK;
}

static enum pp_err read_prefixes(const struct reader *reader, const struct tag *tag, const json_t *list)
{
	struct pp_service_tags *tags = reader->tags;
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		const char *text = json_string_value(item), *why = "not a string";
		struct pp_prefix *prefix = &tags->prefixes[tags->prefix_count];

		if (!text || pp_prefix_parse(text, prefix, &why) != PP_OK)
			return fail(reader, PP_MALFORMED, "%.40s: prefix '%.50s': %s", tag->name, text ? text : "",
				    why);
		prefix->value = (uint32_t)(tag - tags->tags);
		tags->prefix_count++;
	}
	return PP_OK;
}

static enum pp_err read_tag(const struct reader *reader, const json_t *value)
{
	struct pp_service_tags *tags = reader->tags;
	const char *name = json_string_value(json_object_get(value, "name"));
	struct tag *tag = &tags->tags[tags->tag_count];

	tag->name = pp_arena_copy(&tags->arena, name, strlen(name) + 1);
	if (!tag->name)
		return no_memory(reader);
	tag->category = tag_category(name);
	tag->service = strncmp(name, "AzureCloud", 10) != 0 || (name[10] != '\0' && name[10] != '.');
	tag->regional = strchr(name, '.') != NULL;
	tags->tag_count++;
	return read_prefixes(reader, tag, json_object_get(json_object_get(value, "properties"), "addressPrefixes"));
}

static enum pp_err read_values(const struct reader *reader, const json_t *values)
{
	struct pp_service_tags *tags = reader->tags;
	const json_t *value;
	size_t count = 0, i;
	enum pp_err err;

	if (!json_is_array(values))
		return fail(reader, PP_MALFORMED, "no \"values\" list: not a service tag file");
	err = count_prefixes(reader, values, &count);
	if (err != PP_OK)
		return err;
	tags->tags = pp_arena_alloc(&tags->arena, json_array_size(values) * sizeof(*tags->tags));
	tags->prefixes = pp_arena_alloc(&tags->arena, count * sizeof(*tags->prefixes));
	if (!tags->tags || !tags->prefixes)
		return no_memory(reader);
	json_array_foreach(values, i, value)
	{
		err = read_tag(reader, value);
		if (err != PP_OK)
			return err;
	}
	pp_prefix_sort(tags->prefixes, tags->prefix_count);
	return PP_OK;
}

enum pp_err pp_service_tags_read(struct pp_service_tags **ret_tags, const char *file, struct pp_span json,
				 struct pp_data_error *ret_error)
{
	struct pp_service_tags *tags = calloc(1, sizeof(*tags));
	struct reader reader = { .tags = tags, .error = ret_error, .file = file };
	json_error_t where;
	json_t *root;
	enum pp_err err;

	if (!tags)
		return no_memory(&reader);
	pp_pool_init(&tags->pool, 0);
	pp_arena_init(&tags->arena, &tags->pool);
	/* Microsoft's file begins with a byte order mark in some weeks. */
	if (json.len >= 3 && memcmp(json.p, "\xef\xbb\xbf", 3) == 0)
		json = (struct pp_span){ json.p + 3, json.len - 3 };
	root = json_loadb((const char *)json.p, json.len, 0, &where);
	if (root) {
		err = read_values(&reader, json_object_get(root, "values"));
		json_decref(root);
	} else {
		err = fail(&reader, PP_MALFORMED, "%.120s", where.text);
		ret_error->line = where.line > 0 ? (unsigned)where.line : 0;
	}
	if (err != PP_OK)
		pp_service_tags_free(tags);
	else
		*ret_tags = tags;
	return err;
}

void pp_service_tags_free(struct pp_service_tags *tags)
{
	if (!tags)
		return;
	pp_arena_reset(&tags->arena);
	pp_pool_done(&tags->pool);
	free(tags);
}

/* Which of two tags of one network tells more; the earlier in the file when nothing else decides. */
static bool tells_more(const struct tag *tag, const struct tag *best)
{
	if (tag->service != best->service)
		return tag->service;
	if ((tag->category != NULL) != (best->category != NULL))
		return tag->category != NULL;
	return tag->regional && !best->regional;
}

const char *pp_service_tags_find(const struct pp_service_tags *tags, const struct pp_addr *addr,
				 const char **ret_category)
{
	uint32_t at = pp_prefix_find(tags->prefixes, tags->prefix_count, addr);
	const struct tag *best;
	uint8_t bits;

	if (at == PP_PREFIX_NONE)
		return NULL;
	bits = tags->prefixes[at].bits;
	best = &tags->tags[tags->prefixes[at].value];
	for (; at != PP_PREFIX_NONE && tags->prefixes[at].bits == bits; at = tags->prefixes[at].parent) {
		const struct tag *tag = &tags->tags[tags->prefixes[at].value];

		if (tells_more(tag, best))
			best = tag;
	}
	*ret_category = best->category;
	return best->name;
}
