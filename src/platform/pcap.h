/* pcap: libpcap, loaded by those who need it: a live capture, and a filter.  An analysis without a filter runs where
 * there is none, and neither starts with the libraries that libpcap brings along nor has them in its address space.
 *
 * Shape   pp_pcap_load() fills a table of the library's functions under their own names, less the `pcap_`; types and
 *         constants are those of its header.  It takes opening files and making memory executable, so it comes before
 *         the sandbox.  The library stays until the process ends.
 * Errors  PP_USAGE: it is not there, or lacks a function; `ret_error` has one line.
 */
#ifndef PP_PLATFORM_PCAP_H
#define PP_PLATFORM_PCAP_H

#include "base/err.h"

#include <pcap/pcap.h>

enum { PP_PCAP_ERROR = 256 };

#define PP_PCAP_FUNCTIONS(X)                                                                                           \
	X(create)                                                                                                      \
	X(set_snaplen)                                                                                                 \
	X(set_promisc)                                                                                                 \
	X(set_timeout)                                                                                                 \
	X(set_immediate_mode)                                                                                          \
	X(set_buffer_size)                                                                                             \
	X(set_tstamp_precision)                                                                                        \
	X(activate)                                                                                                    \
	X(setnonblock)                                                                                                 \
	X(get_selectable_fd)                                                                                           \
	X(datalink)                                                                                                    \
	X(dispatch)                                                                                                    \
	X(stats)                                                                                                       \
	X(setfilter)                                                                                                   \
	X(open_dead)                                                                                                   \
	X(compile)                                                                                                     \
	X(freecode)                                                                                                    \
	X(offline_filter)                                                                                              \
	X(geterr)                                                                                                      \
	X(statustostr)                                                                                                 \
	X(close)

struct pp_pcap {
#define PP_PCAP_MEMBER(name) __typeof__(pcap_##name) *name;
	PP_PCAP_FUNCTIONS(PP_PCAP_MEMBER)
#undef PP_PCAP_MEMBER
};

/* For functions that call through the table: what -Dcfi=true checks targets by knows the program's own only. */
#ifdef __clang__
#define PP_PCAP_CALLS __attribute__((no_sanitize("cfi-icall")))
#else
#define PP_PCAP_CALLS
#endif

/* `ret_error` has room for PP_PCAP_ERROR. */
enum pp_err PP_MUST_CHECK pp_pcap_load(struct pp_pcap *ret_pcap, char *ret_error);

#endif
