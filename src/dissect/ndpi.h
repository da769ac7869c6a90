/* ndpi: the only door to nDPI: names the protocol of connections our own dissectors do not know.
 *
 * Shape   one pp_ndpi per run, one pp_ndpi_flow per asked connection; the first packets of a connection go in until it
 *         answers or PP_NDPI_PACKETS were given.  Its answer is one more fact, never a verdict; its risks are not used.
 * Errors  NULL when nDPI is not built in or memory is gone: the fact is then absent.
 * Limits  nDPI keeps a kilobyte for each connection it has not decided yet; beyond PP_NDPI_OPEN_MAX of them a new one is
 *         refused and counted.
 */
#ifndef PP_DISSECT_NDPI_H
#define PP_DISSECT_NDPI_H

#include "base/cur.h"

enum { PP_NDPI_PACKETS = 10, PP_NDPI_OPEN_MAX = 4096 };

struct pp_ndpi;
struct pp_ndpi_flow;

struct pp_ndpi *pp_ndpi_new(void);
void pp_ndpi_free(struct pp_ndpi *ndpi);
struct pp_ndpi_flow *pp_ndpi_flow_new(struct pp_ndpi *ndpi);
void pp_ndpi_flow_free(struct pp_ndpi *ndpi, struct pp_ndpi_flow *flow);
uint64_t pp_ndpi_refused(const struct pp_ndpi *ndpi);
/* `ip`: the IP packet from its first header byte.  True when no more packets are wanted. */
bool pp_ndpi_packet(struct pp_ndpi *ndpi, struct pp_ndpi_flow *flow, struct pp_span ip, int64_t ts_ns);
/* "TLS.Azure" and the like, written to `text`; false when unknown. */
bool pp_ndpi_name(struct pp_ndpi *ndpi, struct pp_ndpi_flow *flow, char *text, size_t size);
const char *pp_ndpi_version(void); /* "4.2.0", or NULL when not built in */

#endif
