/* x509: certificates → struct pp_tls_certificate, parsed once per distinct certificate by mbedTLS.
 *
 * Owns    pp_certificates: every certificate it returned, until it is freed; so pointers stay valid for the whole run.
 * Limits  a cap on distinct certificates; beyond, certificates are parsed into the caller's arena and not shared.
 * Source  RFC 5280; names of RDN types by RFC 4514.
 */
#ifndef PP_DISSECT_X509_H
#define PP_DISSECT_X509_H

#include "base/arena.h"
#include "base/hash.h"
#include "dissect/tls_facts.h"

struct pp_certificates;

struct pp_certificates *pp_certificates_new(size_t cap, struct pp_hash_key key);
void pp_certificates_free(struct pp_certificates *certificates);
/* Never fails outright: a broken certificate is `unparsed`.  NULL only without memory. */
const struct pp_tls_certificate *pp_certificates_get(struct pp_certificates *certificates, struct pp_span der,
						     struct pp_arena *arena);

#endif
