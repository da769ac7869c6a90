/* rules_prx: what the rules about proxies share; private to diagnose/. */
#ifndef PP_DIAGNOSE_RULES_PRX_H
#define PP_DIAGNOSE_RULES_PRX_H

#include "diagnose/case.h"

#define REMEDY_TEAM                                                                                                    \
	N_("Give the proxy team the time, what was asked for and the status: the proxy or its way out is down, or "    \
	   "cuts tunnels.")
#define REMEDY_LOGIN                                                                                                   \
	N_("Allow the agent's destinations without authentication (the private network connector cannot "              \
	   "authenticate); for Azure Monitor Agent use no authentication or Basic.")
#define REMEDY_URLS N_("Allow the published names, and CONNECT to 443 and, for revocation lists, 80.")
#define REMEDY_SETTING                                                                                                 \
	N_("Configure or bypass the proxy for the account that runs the agent (http:// prefix, host and port; "        \
	   "connector and updater each).")
#define NEXT_PROXY_LOG N_("Ask for the proxy's access log at this time for {host}.")

/* A port that opens tunnels for CONNECT is asked by SOCKS, and does not know what to say. */
static inline bool pp_asked_http_by_socks(const struct pp_case *c)
{
	return c->shape.socks.word == PP_SOCKS_ASKED && c->server->bytes == 0 && c->service->tunnels && pp_waited(c);
}

/* Whoever was spoken to is the proxy. */
static inline void pp_name_proxy(const struct pp_case *c, struct pp_verdict *verdict)
{
	verdict->proxy = c->conn->server;
}

#endif
