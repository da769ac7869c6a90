/* json_facts: what the headers, HTTP and TLS of one connection said, as members of its record.
 *
 * Every function goes on at `at` (json.h) and asks for its own room; it writes nothing for a part that was not there, and
 * leaves out what the capture could not show.
 */
#ifndef PP_REPORT_JSON_FACTS_H
#define PP_REPORT_JSON_FACTS_H

#include "facts/facts.h"
#include "report/json.h"
#include "report/template.h"

char *pp_json_put_tcp(struct pp_json *json, char *at, const struct pp_tcp_facts *tcp);
char *pp_json_put_connects(struct pp_json *json, char *at, const struct pp_http_facts *http);
char *pp_json_put_tls(struct pp_json *json, struct pp_templates *templates, char *at, const struct pp_tls_facts *tls);
/* Its first request other than CONNECT. */
char *pp_json_put_http(struct pp_json *json, char *at, const struct pp_http_facts *http);

#endif
