#include "source/filter.h"

#include "platform/pcap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct program {
	uint16_t link_type;
	bool usable;
	struct bpf_program code;
};

struct pp_filter {
	struct pp_pcap pcap;
	char *expression;
	struct program programs[PP_LINK_TYPES_MAX];
	unsigned count;
};

PP_PCAP_CALLS static bool compile(const struct pp_filter *filter, int link_type, struct bpf_program *ret_code,
				  char *ret_error)
{
	const struct pp_pcap *pcap = &filter->pcap;
	pcap_t *handle = pcap->open_dead(link_type, PP_FRAME_MAX);
	bool ok;

	if (!handle) {
		snprintf(ret_error, PP_FILTER_ERROR_TEXT, "%s", pp_err_text(PP_NOMEM));
		return false;
	}
	ok = pcap->compile(handle, ret_code, filter->expression, 1, PCAP_NETMASK_UNKNOWN) == 0;
	if (!ok)
		snprintf(ret_error, PP_FILTER_ERROR_TEXT, "%s", pcap->geterr(handle));
	pcap->close(handle);
	return ok;
}

enum pp_err pp_filter_new(struct pp_filter **ret_filter, const char *expression, char *ret_error)
{
	struct pp_filter *filter = calloc(1, sizeof(*filter));
	struct program *first;
	enum pp_err err;

	if (filter)
		filter->expression = strdup(expression);
	if (!filter || !filter->expression) {
		free(filter);
		return PP_NOMEM;
	}
	err = pp_pcap_load(&filter->pcap, ret_error);
	if (err != PP_OK) {
		pp_filter_free(filter);
		return err;
	}
	/* Ethernet understands every expression that makes sense for agents: syntax errors come out here. */
	first = &filter->programs[0];
	first->link_type = DLT_EN10MB;
	first->usable = compile(filter, DLT_EN10MB, &first->code, ret_error);
	filter->count = 1;
	if (!first->usable) {
		pp_filter_free(filter);
		return PP_USAGE;
	}
	*ret_filter = filter;
	return PP_OK;
}

PP_PCAP_CALLS void pp_filter_free(struct pp_filter *filter)
{
	if (!filter)
		return;
	for (unsigned i = 0; i < filter->count; i++) {
		if (filter->programs[i].usable)
			filter->pcap.freecode(&filter->programs[i].code);
	}
	free(filter->expression);
	free(filter);
}

static const struct program *program_for(struct pp_filter *filter, uint16_t link_type)
{
	char error[PP_FILTER_ERROR_TEXT];
	struct program *program;

	for (unsigned i = 0; i < filter->count; i++) {
		if (filter->programs[i].link_type == link_type)
			return &filter->programs[i];
	}
	if (filter->count == PP_LINK_TYPES_MAX)
		return NULL;
	program = &filter->programs[filter->count++];
	program->link_type = link_type;
	/* LINKTYPE_RAW is 101 in files and DLT_RAW (12 on Linux) in libpcap; the others we read are the same. */
	program->usable = compile(filter, link_type == 101 ? DLT_RAW : link_type, &program->code, error);
	return program;
}

PP_PCAP_CALLS bool pp_filter_passes(struct pp_filter *filter, const struct pp_frame *frame)
{
	const struct program *program = program_for(filter, frame->link_type);
	struct pcap_pkthdr header = { .caplen = frame->caplen, .len = frame->len };

	return program && program->usable &&
	       filter->pcap.offline_filter(&program->code, &header, frame->data_view) != 0;
}
