/* nDPI 4.2 to 5.x.  Names are put together here as ndpi_protocol2name() does, because that function's argument changed
 * between releases and ndpi_get_proto_name() did not.  nDPI 6 wants its user to declare a licence at the start; that is
 * for a human to decide, so it is refused rather than filled in. */
#include "dissect/ndpi.h"

#include "base/time.h"

#include <ndpi_api.h>
#include <stdio.h>

#if NDPI_MAJOR < 4 || NDPI_MAJOR > 5
#error "nDPI 4.2 to 5.x is needed"
#endif
#define NDPI_SINCE(major, minor) (NDPI_MAJOR * 100 + NDPI_MINOR >= (major)*100 + (minor))

struct pp_ndpi {
	struct ndpi_detection_module_struct
	    *module; /* made when first asked for: it costs milliseconds and megabytes */
	bool failed;
	unsigned open; /* flows that nDPI has not decided */
	uint64_t refused;
};

struct pp_ndpi_flow {
	struct ndpi_flow_struct *flow; /* NULL: decided */
	unsigned packets;
	uint16_t master, app;
};

/* What differs between releases: how a module is made … */
static struct ndpi_detection_module_struct *make_module(void)
{
#if NDPI_SINCE(4, 10)
	struct ndpi_detection_module_struct *module = ndpi_init_detection_module(NULL);
#else
	struct ndpi_detection_module_struct *module = ndpi_init_detection_module(ndpi_no_prefs);
#endif
#if !NDPI_SINCE(5, 0) /* all protocols, the default since */
	NDPI_PROTOCOL_BITMASK all;

	if (!module)
		return NULL;
	NDPI_BITMASK_SET_ALL(all);
	ndpi_set_protocol_detection_bitmask2(module, &all);
#endif
	if (!module)
		return NULL;
#if NDPI_SINCE(4, 10) /* a port number is no evidence */
	ndpi_set_config(module, NULL, "dpi.guess_on_giveup", "0");
#endif
	ndpi_finalize_initialization(module);
	return module;
}

/* … how a packet is given … */
static void give_packet(struct ndpi_detection_module_struct *module, struct ndpi_flow_struct *flow, struct pp_span ip,
			uint64_t ms, ndpi_protocol *ret_answer)
{
	uint16_t len = ip.len < UINT16_MAX ? (uint16_t)ip.len : UINT16_MAX;

#if NDPI_SINCE(4, 6)
	*ret_answer = ndpi_detection_process_packet(module, flow, ip.p, len, ms, NULL);
#else
	*ret_answer = ndpi_detection_process_packet(module, flow, ip.p, len, ms);
#endif
}

/* … how the answer is asked for at the end, never guessed by port … */
static ndpi_protocol give_up(struct ndpi_detection_module_struct *module, struct ndpi_flow_struct *flow)
{
#if NDPI_SINCE(5, 0)
	return ndpi_detection_giveup(module, flow);
#elif NDPI_SINCE(4, 10)
	uint8_t guessed;

	return ndpi_detection_giveup(module, flow, &guessed);
#else
	uint8_t guessed;

	return ndpi_detection_giveup(module, flow, 0, &guessed);
#endif
}

/* … where it stands … */
static void take_answer(struct pp_ndpi_flow *flow, const ndpi_protocol *answer)
{
#if NDPI_SINCE(4, 11)
	flow->master = answer->proto.master_protocol;
	flow->app = answer->proto.app_protocol;
#else
	flow->master = answer->master_protocol;
	flow->app = answer->app_protocol;
#endif
}

static bool is_known(const struct pp_ndpi_flow *flow)
{
	return flow->master != NDPI_PROTOCOL_UNKNOWN || flow->app != NDPI_PROTOCOL_UNKNOWN;
}

/* … and when it is final. */
static bool is_final(struct pp_ndpi *ndpi, const struct pp_ndpi_flow *flow, const ndpi_protocol *answer)
{
#if NDPI_SINCE(5, 0)
	(void)ndpi;
	return is_known(flow) && (answer->state == NDPI_STATE_CLASSIFIED || answer->state == NDPI_STATE_MONITORING);
#else
	(void)answer;
	return is_known(flow) && !ndpi_extra_dissection_possible(ndpi->module, flow->flow);
#endif
}

struct pp_ndpi *pp_ndpi_new(void) { return calloc(1, sizeof(struct pp_ndpi)); }

void pp_ndpi_free(struct pp_ndpi *ndpi)
{
	if (!ndpi)
		return;
	if (ndpi->module)
		ndpi_exit_detection_module(ndpi->module);
	free(ndpi);
}

struct pp_ndpi_flow *pp_ndpi_flow_new(struct pp_ndpi *ndpi)
{
	struct pp_ndpi_flow *flow;

	if (!ndpi || ndpi->failed)
		return NULL;
	if (ndpi->open == PP_NDPI_OPEN_MAX) {
		ndpi->refused++;
		return NULL;
	}
	if (!ndpi->module)
		ndpi->module = make_module();
	ndpi->failed = !ndpi->module;
	flow = ndpi->module ? calloc(1, sizeof(*flow)) : NULL;
	if (!flow)
		return NULL;
	flow->flow = ndpi_flow_malloc(SIZEOF_FLOW_STRUCT);
	if (!flow->flow) {
		free(flow);
		return NULL;
	}
	memset(flow->flow, 0, SIZEOF_FLOW_STRUCT);
	ndpi->open++;
	return flow;
}

uint64_t pp_ndpi_refused(const struct pp_ndpi *ndpi) { return ndpi ? ndpi->refused : 0; }

static void close_flow(struct pp_ndpi *ndpi, struct pp_ndpi_flow *flow)
{
	if (!flow->flow)
		return;
	ndpi_free_flow(flow->flow);
	flow->flow = NULL;
	ndpi->open--;
}

void pp_ndpi_flow_free(struct pp_ndpi *ndpi, struct pp_ndpi_flow *flow)
{
	if (!flow)
		return;
	close_flow(ndpi, flow);
	free(flow);
}

/* Its last word, when there are no more packets for it. */
static void decide(struct pp_ndpi *ndpi, struct pp_ndpi_flow *flow)
{
	if (flow->flow && !is_known(flow)) {
		ndpi_protocol answer = give_up(ndpi->module, flow->flow);

		take_answer(flow, &answer);
	}
	close_flow(ndpi, flow);
}

bool pp_ndpi_packet(struct pp_ndpi *ndpi, struct pp_ndpi_flow *flow, struct pp_span ip, int64_t ts_ns)
{
	ndpi_protocol answer;

	if (!flow->flow || ip.len == 0)
		return !flow->flow;
	give_packet(ndpi->module, flow->flow, ip, ts_ns > 0 ? (uint64_t)(ts_ns / PP_MS) : 0, &answer);
	take_answer(flow, &answer);
	if (is_final(ndpi, flow, &answer) || ++flow->packets == PP_NDPI_PACKETS)
		decide(ndpi, flow);
	return !flow->flow;
}

bool pp_ndpi_name(struct pp_ndpi *ndpi, struct pp_ndpi_flow *flow, char *text, size_t size)
{
	decide(ndpi, flow);
	if (!is_known(flow))
		return false;
	if (flow->master == NDPI_PROTOCOL_UNKNOWN || flow->app == NDPI_PROTOCOL_UNKNOWN || flow->master == flow->app)
		snprintf(text, size, "%s", ndpi_get_proto_name(ndpi->module, flow->app ? flow->app : flow->master));
	else
		snprintf(text, size, "%s.%s", ndpi_get_proto_name(ndpi->module, flow->master),
			 ndpi_get_proto_name(ndpi->module, flow->app));
	return true;
}

const char *pp_ndpi_version(void) { return ndpi_revision(); }
