/* ring: what live capture asks of the kernel beside libpcap. */
#ifndef PP_PLATFORM_RING_H
#define PP_PLATFORM_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* From now on no packet enters the ring of this packet socket; what is in it stays. */
bool pp_ring_shut(int fd);
/* Until one of them can be read, at most that long. */
void pp_ring_wait(const int *fds, unsigned count, int timeout_ms);

enum { PP_INTERFACE_NAME = 16, PP_INTERFACES_ROUTED = 32 };

/* Interfaces that are up and carry a route, loopback apart; sorted.  Returns how many. */
unsigned pp_interfaces_routed(char names[PP_INTERFACES_ROUTED][PP_INTERFACE_NAME]);
bool pp_interface_exists(const char *name);

/* Hardware and operating system in a line each, for the file's header. */
void pp_machine_text(char *hardware, char *os, size_t size);
/* Time of day in ns, as packets are stamped. */
int64_t pp_wall_ns(void);

#endif
