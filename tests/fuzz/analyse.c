#include "fuzz/analyse.h"

#include "engine/analysis.h"
#include "report/findings.h"
#include "report/jsonl.h"
#include "report/text.h"

#include <jansson.h>

enum { MEMORY = 16 << 20, FRAMES_MAX = 20000 };

struct written {
	char *text;
	size_t len, room;
};

static enum pp_err write_to(void *context, const void *bytes, size_t len)
{
	struct written *written = context;

	if (len >= written->room - written->len) {
		size_t room = (written->len + len + 1) * 2;
		char *text = realloc(written->text, room);

		if (!text)
			return PP_NOMEM;
		written->text = text;
		written->room = room;
	}
	memcpy(written->text + written->len, bytes, len);
	written->len += len;
	written->text[written->len] = '\0';
	return PP_OK;
}

/* Memory of one line for jansson, whose thousands of little pieces would cost a sixth of the time under ASan. */
static struct {
	size_t used;
	_Alignas(16) uint8_t bytes[16 << 20];
} line_memory;

static void *line_malloc(size_t size)
{
	void *piece = line_memory.bytes + line_memory.used;

	size = (size + 15) / 16 * 16;
	if (size > sizeof(line_memory.bytes) - line_memory.used)
		return NULL;
	line_memory.used += size;
	return piece;
}

static void line_free(void *piece) { (void)piece; }

/* Every line is an object with its kind; the last one is the conclusion. */
static void check_json_lines(const struct written *json)
{
	const char *line = json->text, *kind = "";
	json_t *value = NULL;

	json_set_alloc_funcs(line_malloc, line_free);
	while (line && *line) {
		const char *end = strchr(line, '\n');

		FUZZ_CHECK(end != NULL);
		line_memory.used = 0;
		value = json_loadb(line, (size_t)(end - line), JSON_REJECT_DUPLICATES, NULL);
		kind = json_string_value(json_object_get(value, "record"));
		FUZZ_CHECK(kind != NULL && json_integer_value(json_object_get(value, "schema")) == 1);
		line = end + 1;
	}
	FUZZ_CHECK(strcmp(kind, "conclusion") == 0);
}

/* Nothing a terminal would act on. */
static void check_text(const struct written *text)
{
	for (size_t i = 0; i < text->len; i++)
		FUZZ_CHECK(text->text[i] == '\n' || ((uint8_t)text->text[i] >= 0x20 && text->text[i] != 0x7f));
}

static void report(struct pp_analysis *analysis)
{
	static struct pp_out out;
	const char *const paths[] = { "fuzz.pcap" };
	struct pp_text_options options = { .verbose = true };
	struct written json = { NULL, 0, 0 }, text = { NULL, 0, 0 };
	const struct pp_visitor *visitors[2];
	struct pp_findings findings;
	struct pp_jsonl jsonl;
	enum pp_err err;

	pp_out_init(&out, (struct pp_sink){ write_to, &json });
	pp_jsonl_init(&jsonl, &out, paths, 1);
	pp_findings_init(&findings, paths, 1, true);
	visitors[0] = &jsonl.visitor;
	visitors[1] = &findings.visitor;
	err = pp_analysis_visit(analysis, visitors, 2);
	FUZZ_CHECK(err == PP_OK || err == PP_NOMEM || err == PP_LIMIT);
	if (err == PP_OK && pp_out_flush(&out) == PP_OK)
		check_json_lines(&json);
	if (err == PP_OK) {
		pp_out_init(&out, (struct pp_sink){ write_to, &text });
		FUZZ_CHECK(pp_text_write(&findings, &options, &out) == PP_OK && pp_out_flush(&out) == PP_OK);
		check_text(&text);
	}
	pp_jsonl_done(&jsonl);
	pp_findings_done(&findings);
	free(json.text);
	free(text.text);
}

/* A tiny file can hold a vast capture, for which a fuzzer has no time. */
static bool is_small(const uint8_t *file, size_t size)
{
	struct pp_frame frames[PP_SOURCE_BATCH];
	struct pp_source *source;
	size_t count = 1, frames_seen = 0;

	if (pp_source_open_bytes(&source, file, size, 0) != PP_OK)
		return false;
	while (count > 0 && frames_seen <= FRAMES_MAX &&
	       pp_source_read(source, frames, PP_SOURCE_BATCH, &count) == PP_OK)
		frames_seen += count;
	pp_source_close(source);
	return frames_seen <= FRAMES_MAX;
}

void fuzz_analyse(const uint8_t *file, size_t size)
{
	static struct pp_catalogue *catalogue; /* read once: it depends on no input */
	struct pp_analysis_options options = { .max_memory = MEMORY, .key = fuzz_key };
	struct pp_analysis *analysis;
	struct pp_source *source;
	struct pp_data_error error;

	if (!catalogue)
		FUZZ_CHECK(pp_catalogue_new(&catalogue, &error) == PP_OK);
	options.catalogue = catalogue;
	options.agent = pp_catalogue_agent_at(catalogue, 0);
	if (!is_small(file, size) || pp_source_open_bytes(&source, file, size, 0) != PP_OK)
		return;
	if (pp_analysis_new(&analysis, &options) != PP_OK) {
		pp_source_close(source);
		return;
	}
	if (pp_analysis_run(analysis, &source, 1) == PP_OK)
		report(analysis);
	pp_analysis_free(analysis);
}
