/* ja4: the JA4 fingerprint of a ClientHello over TCP.
 *
 * Shape   letters, digits and underscores, and zeros to the end of the text.
 * Errors  "" when the hello was not whole or had more than PP_JA4_LIST_MAX suites, extensions or signature algorithms.
 * Source  https://github.com/FoxIO-LLC/ja4, technical_details/JA4.md; JA4 (TLS client) is under BSD-3-Clause, the other
 *         JA4+ methods are not and must stay out.
 */
#ifndef PP_DISSECT_JA4_H
#define PP_DISSECT_JA4_H

#include "dissect/tls_hello.h"

enum { PP_JA4_LIST_MAX = 512 };

/* Remembers hashes over a run: NULL without memory, and NULL works where one is taken. */
struct pp_ja4_cache;
struct pp_ja4_cache *pp_ja4_cache_new(void);
void pp_ja4_cache_free(struct pp_ja4_cache *cache);

void pp_ja4(struct pp_ja4_cache *cache, const struct pp_tls_client_hello *hello, char text[PP_JA4_TEXT]);

#endif
