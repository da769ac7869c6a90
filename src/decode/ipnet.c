#include "decode/layer.h"

/* Solaris IPNET: version, family, hook type (2), length (4), interface, group interface, source zone, destination zone.
 * The family repeats what the IP version says. */
void pp_decode_ipnet(struct pp_walk *walk)
{
	if (pp_walk_skip(walk, 24))
		pp_decode_ip(walk);
}
