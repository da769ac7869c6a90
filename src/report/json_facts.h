/* json_facts: what the headers, HTTP and TLS of one connection said, as members of its record.
 *
 * Every function writes nothing for a part that was not there, and leaves out what the capture could not show.
 */
#ifndef PP_REPORT_JSON_FACTS_H
#define PP_REPORT_JSON_FACTS_H

#include "facts/facts.h"
#include "report/json.h"
#include "report/template.h"

void pp_json_tcp(struct pp_json *json, const struct pp_tcp_facts *tcp);
void pp_json_connects(struct pp_json *json, const struct pp_http_facts *http);
void pp_json_tls(struct pp_json *json, struct pp_templates *templates, const struct pp_tls_facts *tls);
void pp_json_http(struct pp_json *json, const struct pp_http_facts *http); /* its first request other than CONNECT */

#endif
