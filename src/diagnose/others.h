/* others: the hosts of one connection beside the one it is attributed to; private to diagnose/.
 *
 * A proxy's connection that is kept alive, or a server's of several names, carries requests for more than one host. The
 * connection is judged by its last request; each other host by its own last answered one, as if that were all there was.
 */
#ifndef PP_DIAGNOSE_OTHERS_H
#define PP_DIAGNOSE_OTHERS_H

#include "diagnose/case.h"

struct pp_other {
	struct pp_connection conn; /* with one request and its answer, and neither TLS nor an end */
	struct pp_http_facts http;
	struct pp_attribution who;
};

static inline bool pp_has_others(const struct pp_connection *conn)
{
	return conn->http && conn->http->connect_count + conn->http->exchange_count > 1;
}

/* The next one from request *at on, which is 0 at first; false: no more. */
bool pp_others_next(const struct pp_diagnosis *diagnosis, const struct pp_connection *conn,
		    const struct pp_attribution *who, unsigned *at, struct pp_other *ret_other);

#endif
