/* tls_certificate: the Certificate message up to TLS 1.2 → the chain it carries.
 *
 * Shape   in: the body of the message, or the beginning of one; what is whole in it is read.
 * Owns    nothing; spans point into the input.
 * Limits  PP_TLS_CERTIFICATES_MAX certificates.
 * Source  RFC 5246 section 7.4.2.
 */
#ifndef PP_DISSECT_TLS_CERTIFICATE_H
#define PP_DISSECT_TLS_CERTIFICATE_H

#include "base/cur.h"
#include "dissect/tls_facts.h"

struct pp_tls_chain {
	struct pp_span der[PP_TLS_CERTIFICATES_MAX]; /* leaf first */
	unsigned count;
	bool cut;     /* the message, or a certificate in it, is not whole */
	bool clipped; /* it held more */
};

void pp_tls_certificate_read(struct pp_cur cur, struct pp_tls_chain *ret_chain);

#endif
