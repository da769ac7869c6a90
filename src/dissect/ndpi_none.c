/* For builds without nDPI: the fact is absent. */
#include "dissect/ndpi.h"

struct pp_ndpi *pp_ndpi_new(void) { return NULL; }

void pp_ndpi_free(struct pp_ndpi *ndpi) { (void)ndpi; }

struct pp_ndpi_flow *pp_ndpi_flow_new(struct pp_ndpi *ndpi)
{
	(void)ndpi;
	return NULL;
}

void pp_ndpi_flow_free(struct pp_ndpi *ndpi, struct pp_ndpi_flow *flow) { (void)ndpi, (void)flow; }

uint64_t pp_ndpi_refused(const struct pp_ndpi *ndpi)
{
	(void)ndpi;
	return 0;
}

bool pp_ndpi_packet(struct pp_ndpi *ndpi, struct pp_ndpi_flow *flow, struct pp_span ip, int64_t ts_ns)
{
	(void)ndpi, (void)flow, (void)ip, (void)ts_ns;
	return true;
}

bool pp_ndpi_name(struct pp_ndpi *ndpi, struct pp_ndpi_flow *flow, char *text, size_t size)
{
	(void)ndpi, (void)flow, (void)text, (void)size;
	return false;
}

const char *pp_ndpi_version(void) { return NULL; }
