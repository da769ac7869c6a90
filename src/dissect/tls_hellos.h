/* tls_hellos: a ClientHello and its fingerprint, read once for all hellos that differ only in what is drawn anew.
 *
 * Shape   few clients make most hellos of a capture, and theirs are the same but for random, session id, server name,
 *         ticket and public keys.  A hello that equals one met before in every other byte is read like it.
 * Errors  those of pp_tls_client_hello_read() and pp_ja4(), and the same results: what was met before only saves work.
 * Limits  256 hellos are remembered, each in less than 1 KiB; one with more to compare is read as if it were the first.
 */
#ifndef PP_DISSECT_TLS_HELLOS_H
#define PP_DISSECT_TLS_HELLOS_H

#include "dissect/tls_hello.h"

/* NULL without memory, and NULL works where one is taken. */
struct pp_tls_hellos;
struct pp_tls_hellos *pp_tls_hellos_new(void);
void pp_tls_hellos_free(struct pp_tls_hellos *hellos);

/* `cur` is over the body of a message; the spans point into it. */
enum pp_err pp_tls_hellos_read(struct pp_tls_hellos *hellos, struct pp_cur cur, struct pp_tls_client_hello *ret_hello,
			       char ret_ja4[PP_JA4_TEXT]);
/* The fingerprint alone, of a hello that was read otherwise. */
void pp_tls_hellos_ja4(struct pp_tls_hellos *hellos, const struct pp_tls_client_hello *hello,
		       char ret_ja4[PP_JA4_TEXT]);

#endif
