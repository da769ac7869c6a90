/* A long wire: joins two network namespaces by a TUN device each and delivers every packet after a fixed delay.
 *
 * usage: relay NAMESPACE_A NAMESPACE_B DEVICE DELAY_MS
 * The devices vanish with the process. The delay is constant, so each direction is a plain queue. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { QUEUE_SLOTS = 4096, PACKET_MAX = 2048 };

struct packet {
	uint64_t due_ns;
	size_t len;
	unsigned char bytes[PACKET_MAX];
};

struct queue {
	struct packet slots[QUEUE_SLOTS];
	size_t first, count;
};

static struct queue queues[2];

static uint64_t now_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void die(const char *what)
{
	fprintf(stderr, "relay: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int open_tun(const char *namespace_path, const char *device)
{
	int ns = open(namespace_path, O_RDONLY | O_CLOEXEC);
	if (ns < 0 || setns(ns, CLONE_NEWNET) < 0)
		die(namespace_path);
	close(ns);

	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	strncpy(request.ifr_name, device, IFNAMSIZ - 1);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0)
		die("tun device");
	return fd;
}

/* Takes in what one end has sent; a full queue drops the packet, as a wire would. */
static void take(int fd, struct queue *queue, uint64_t delay_ns)
{
	while (queue->count < QUEUE_SLOTS) {
		struct packet *packet = &queue->slots[(queue->first + queue->count) % QUEUE_SLOTS];
		ssize_t len = read(fd, packet->bytes, sizeof packet->bytes);
		if (len <= 0)
			return;
		packet->len = (size_t)len;
		packet->due_ns = now_ns() + delay_ns;
		queue->count++;
	}
}

static void deliver(int fd, struct queue *queue)
{
	while (queue->count && queue->slots[queue->first].due_ns <= now_ns()) {
		struct packet *packet = &queue->slots[queue->first];
		if (write(fd, packet->bytes, packet->len) < 0 && errno == EBADF)
			die("write");
		queue->first = (queue->first + 1) % QUEUE_SLOTS;
		queue->count--;
	}
}

static uint64_t next_due_ns(void)
{
	uint64_t due = now_ns() + 1000000000u;
	for (int i = 0; i < 2; i++)
		if (queues[i].count && queues[i].slots[queues[i].first].due_ns < due)
			due = queues[i].slots[queues[i].first].due_ns;
	return due;
}

int main(int argc, char **argv)
{
	if (argc != 5) {
		fprintf(stderr, "usage: relay NAMESPACE_A NAMESPACE_B DEVICE DELAY_MS\n");
		return 2;
	}
	struct pollfd ends[2];
	for (int i = 0; i < 2; i++)
		ends[i] = (struct pollfd){ .fd = open_tun(argv[1 + i], argv[3]), .events = POLLIN };
	uint64_t delay_ns = strtoull(argv[4], NULL, 10) * 1000000u;

	for (;;) {
		uint64_t now = now_ns(), due = next_due_ns();
		uint64_t wait = due > now ? due - now : 0;
		struct timespec timeout = { .tv_sec = (time_t)(wait / 1000000000u),
					    .tv_nsec = (long)(wait % 1000000000u) };
		if (ppoll(ends, 2, &timeout, NULL) < 0 && errno != EINTR)
			die("poll");
		for (int i = 0; i < 2; i++) {
			take(ends[i].fd, &queues[i], delay_ns);
			deliver(ends[1 - i].fd, &queues[i]);
		}
	}
}
