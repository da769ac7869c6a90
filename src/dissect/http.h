/* http: the HTTP/1 messages of both sides → struct pp_http_facts.
 *
 * Shape   bytes are pushed in order per side, cut anywhere; facts are the same for every cut.  Header blocks are held
 *         (up to PP_HTTP_HEAD_MAX), bodies are skipped by Content-Length, chunks or the end of the connection; the
 *         first PP_HTTP_PAGE_MAX bytes of an answer's body are looked at for block pages.
 *         CONNECT: when a 2xx answers (or, replies unseen, when the client goes on with TLS) the rest belongs to the
 *         tunnel: pp_http_data() returns fewer bytes than it was given and `tunnel` is true from then on.
 * Owns    pp_http: its buffers; the facts' text lives in the arena given at the start.
 * Limits  PP_HTTP_HEAD_MAX bytes of a header block; more is skipped and sets `clipped`.
 * Source  RFC 9112 (obs-fold 5.2, bare LF 2.2, message body 6.3), RFC 9110.
 */
#ifndef PP_DISSECT_HTTP_H
#define PP_DISSECT_HTTP_H

#include "base/arena.h"
#include "dissect/http_facts.h"

enum { PP_HTTP_HEAD_MAX = 1 << 16, PP_HTTP_PAGE_MAX = 4096 };

struct pp_http;

enum pp_http_look { PP_HTTP_NO, PP_HTTP_MORE, PP_HTTP_REQUEST, PP_HTTP_REPLY };
/* What the first bytes of a side look like: a method token and a space, or "HTTP/1.". */
enum pp_http_look pp_http_look(struct pp_span head);

struct pp_http *pp_http_new(struct pp_arena *arena);
void pp_http_free(struct pp_http *http);
/* Bytes taken.  Fewer than given only when the connection became a tunnel: the rest belongs to what is inside.  Given
 * that rest again, it takes it where it begins with a message: plain HTTP inside (`in_tunnel`), no tunnel any more. */
size_t pp_http_data(struct pp_http *http, enum pp_side side, struct pp_span bytes, struct pp_mark mark);
void pp_http_gap(struct pp_http *http, enum pp_side side, uint64_t missing);
void pp_http_finish(struct pp_http *http);
bool pp_http_tunnel(const struct pp_http *http);
const struct pp_http_facts *pp_http_facts(const struct pp_http *http);
/* True once after a whole request header block (CONNECT or other) was seen. */
bool pp_http_take_request(struct pp_http *http);

#endif
