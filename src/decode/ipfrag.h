/* ipfrag: IP datagrams put together from their fragments (RFC 791 section 3.2, RFC 8200 section 4.5, RFC 5722).
 *
 * Shape   one fixed table of datagrams under way, least recently used out first.  A datagram has 30 seconds of capture
 *         time from its first fragment on.
 * Errors  PP_MORE while fragments are missing, and for fragments cut by the snap length; PP_OK when `ret_body_view`
 *         holds a whole datagram; PP_LIMIT when the datagram was given up (over 64 KiB, or its ends contradict each
 *         other).  Where fragments overlap, the first copy of a byte stays; that the copies differed is counted.
 * Owns    the bytes; `ret_body_view` lives until the next call.
 * Limits  `slots` datagrams at once (1..PP_IPFRAG_SLOTS_MAX), 8 KiB each on average; evicted ones are counted.
 */
#ifndef PP_DECODE_IPFRAG_H
#define PP_DECODE_IPFRAG_H

#include "base/hash.h"
#include "decode/packet.h"

enum { PP_IPFRAG_SLOTS_MAX = 65536 };

struct pp_ipfrag;

enum pp_err PP_MUST_CHECK pp_ipfrag_new(struct pp_ipfrag **ret_ipfrag, size_t slots, struct pp_hash_key key);
void pp_ipfrag_free(struct pp_ipfrag *ipfrag);
enum pp_err PP_MUST_CHECK pp_ipfrag_add(struct pp_ipfrag *ipfrag, const struct pp_packet *fragment, int64_t ts,
					uint8_t *ret_protocol, struct pp_span *ret_body_view);
uint64_t pp_ipfrag_evicted(const struct pp_ipfrag *ipfrag);
uint64_t pp_ipfrag_conflicts(const struct pp_ipfrag *ipfrag); /* datagrams whose fragments overlapped and differed */

#endif
