/* hash: a keyed hash (SipHash-1-3 shape) for tables whose keys come from a capture, so that nobody can choose keys
 * that collide.  The order of a table never reaches the output, so the key may differ from run to run.
 */
#ifndef PP_BASE_HASH_H
#define PP_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct pp_hash_key {
	uint64_t k[2];
};

uint64_t pp_hash(const struct pp_hash_key *key, const void *bytes, size_t len);

#endif
