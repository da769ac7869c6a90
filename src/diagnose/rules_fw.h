/* rules_fw: what the rules about firewalls advise; private to diagnose/. */
#ifndef PP_DIAGNOSE_RULES_FW_H
#define PP_DIAGNOSE_RULES_FW_H

#include "diagnose/case.h"

#define REMEDY_ALLOW                                                                                                   \
	N_("Allow the agent's names and addresses on this port on the way to {server}, then capture on both sides of " \
	   "the firewall at once.")
#define REMEDY_ON_THE_WAY                                                                                              \
	N_("Look on the way to {server} for what dropped the packets from this moment on: a limit, a rule that was "   \
	   "changed, a lost state or route.")
#define REMEDY_ROUTE N_("Correct the route at {device}, or the rule by which it rejects these packets.")
#define REMEDY_DEVICE                                                                                                  \
	N_("Change the rule of the device that rejects or resets; ask for its deny log at this time and for these "    \
	   "addresses and ports.")
#define REMEDY_APPLICATION                                                                                             \
	N_("Add an application rule for the name on the Azure Firewall (a network rule where the client sends no "     \
	   "server name), verify with a whole HTTPS request instead of a port test, and ask for its \"Action: Deny\" " \
	   "log lines.")
#define NEXT_BOTH_SIDES N_("Capture on the inside and the outside of the firewall at the same time.")
#define NEXT_LOG N_("Ask for the firewall's log at this time for {server}.")

/* rules_fw_open.c: that it is forbidden; that it cannot be reached, a port of it included */
bool pp_icmp_prohibits(const struct pp_icmp_error *error);
bool pp_icmp_is_unreachable(const struct pp_icmp_error *error);

#endif
