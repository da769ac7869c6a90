/* json: JSON written as it is said: nothing is built up, nothing is allocated.
 *
 * Shape   pp_json_record() to pp_json_end() make one line.  `key` NULL is an element of a list.  A text that is NULL or
 *         a time that is PP_TIME_NONE is unknown and writes nothing: absent knowledge is an absent field.
 * Source  RFC 8259; CONTRACT "JSON Lines" for the forms of times, addresses and milliseconds.
 */
#ifndef PP_REPORT_JSON_H
#define PP_REPORT_JSON_H

#include "base/addr.h"
#include "base/time.h"
#include "report/out.h"

struct pp_json {
	struct pp_out *out;
	bool comma; /* something stands before the next member */
	unsigned depth;
};

void pp_json_init(struct pp_json *json, struct pp_out *out);
void pp_json_record(struct pp_json *json, const char *record); /* {"record":…,"schema":1 */
void pp_json_end(struct pp_json *json);                        /* } and the end of the line */

void pp_json_object(struct pp_json *json, const char *key);
void pp_json_object_end(struct pp_json *json);
void pp_json_list(struct pp_json *json, const char *key);
void pp_json_list_end(struct pp_json *json);

void pp_json_text(struct pp_json *json, const char *key, const char *text);
void pp_json_u64(struct pp_json *json, const char *key, uint64_t value);
void pp_json_bool(struct pp_json *json, const char *key, bool value);
void pp_json_time(struct pp_json *json, const char *key, int64_t ns);
void pp_json_ms(struct pp_json *json, const char *key, int64_t ns); /* milliseconds; negative is unknown */
void pp_json_addr(struct pp_json *json, const char *key, const struct pp_addr *addr);
void pp_json_endpoint(struct pp_json *json, const char *key, const struct pp_endpoint_addr *endpoint);

#endif
