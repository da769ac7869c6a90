/* names: numbers of protocols and enums as words.  English: they are proper names, not text. */
#ifndef PP_REPORT_NAMES_H
#define PP_REPORT_NAMES_H

#include "report/line.h"

#include "facts/facts.h"

/* "syn", "client_hello", … as in the JSON contract; NULL for PP_PHASE_UNKNOWN. */
const char *pp_phase_name(enum pp_phase phase);
const char *pp_side_name(enum pp_side side); /* "client", "server" */

/* These write the number itself where it has no name. */
void pp_name_dns_type(struct pp_line *line, int64_t type);
void pp_name_rcode(struct pp_line *line, int64_t rcode);
void pp_name_extended_error(struct pp_line *line, int64_t code); /* RFC 8914 */
void pp_name_icmp(struct pp_line *line, bool v6, int64_t type, int64_t code);
void pp_name_tls_version(struct pp_line *line, int64_t version); /* "1.2" */
void pp_name_hex(struct pp_line *line, uint16_t number);         /* "0x1305" */
void pp_name_cipher(struct pp_line *line, uint16_t cipher);
void pp_name_alert(struct pp_line *line, int64_t code);
void pp_name_link_type(struct pp_line *line, uint16_t link_type);

/* How a lookup ended, over all its types: a type with addresses counts before A, and A before the rest. */
void pp_name_lookup_status(struct pp_line *line, const struct pp_lookup *lookup);
int64_t pp_lookup_rtt(const struct pp_lookup *lookup); /* of the reply that counts; -1 */
uint32_t pp_lookup_queries(const struct pp_lookup *lookup);

#endif
