/* live_send IFACE FRAME_BYTES PPS SECONDS [FLOWS]: sends TCP-looking frames over an AF_PACKET socket at a steady rate
 * (PPS 0 = as fast as it goes), for use on a veth inside a network namespace of one's own.  cc -O2 -o live_send
 * live_send.c */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}
int main(int c, char **v)
{
	if (c < 5)
		return 2;
	int len = atoi(v[2]);
	double pps = atof(v[3]), secs = atof(v[4]);
	unsigned flows = c > 5 ? atoi(v[5]) : 1000;
	enum { B = 32 };
	int s = socket(AF_PACKET, SOCK_RAW, 0), one = 1;
	if (s < 0) {
		perror("socket");
		return 1;
	}
	struct sockaddr_ll a = { .sll_family = AF_PACKET, .sll_ifindex = if_nametoindex(v[1]) };
	if (!a.sll_ifindex || bind(s, (void *)&a, sizeof a)) {
		perror(v[1]);
		return 1;
	}
	setsockopt(s, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof one);
	int sb = 8 << 20;
	setsockopt(s, SOL_SOCKET, SO_SNDBUFFORCE, &sb, sizeof sb);
	static uint8_t f[B][2048];
	struct iovec io[B];
	struct mmsghdr m[B];
	memset(m, 0, sizeof m);
	for (int i = 0; i < B; i++) {
		uint8_t *p = f[i];
		memset(p, 0xff, 6);
		p[0] = 2;
		p[5] = 2;
		memcpy(p + 6, "\2\0\0\0\0\1", 6);
		p[12] = 8;
		uint8_t *ip = p + 14;
		ip[0] = 0x45;
		ip[2] = (len - 14) >> 8;
		ip[3] = len - 14;
		ip[6] = 0x40;
		ip[8] = 64;
		ip[9] = 6;
		memcpy(ip + 12, "\12\143\0\1\12\143\0\2", 8);
		uint32_t cs = 0;
		for (int k = 0; k < 20; k += 2)
			cs += ip[k] << 8 | ip[k + 1];
		cs = (cs & 65535) + (cs >> 16);
		cs += cs >> 16;
		ip[10] = ~cs >> 8;
		ip[11] = ~cs;
		ip[20 + 12] = 0x50;
		ip[20 + 13] = 0x10;
		ip[22] = 1;
		ip[23] = 187;
		io[i].iov_base = p;
		io[i].iov_len = len;
		m[i].msg_hdr.msg_iov = &io[i];
		m[i].msg_hdr.msg_iovlen = 1;
	}
	double t0 = now(), t = t0;
	uint64_t n = 0, err = 0;
	uint32_t q = 0;
	while ((t = now()) < t0 + secs) {
		if (pps > 0 && n > (t - t0) * pps) {
			if (n - (t - t0) * pps > pps * 0.0005)
				usleep(50);
			continue;
		}
		for (int i = 0; i < B; i++, q++) {
			uint16_t sp = 1024 + q % flows;
			uint32_t sq = htonl(q / flows * 1000);
			f[i][34] = sp >> 8;
			f[i][35] = sp;
			memcpy(f[i] + 38, &sq, 4);
		}
		int r = sendmmsg(s, m, B, 0);
		if (r < 0) {
			if (errno == ENOBUFS || errno == EAGAIN) {
				err++;
				continue;
			}
			perror("sendmmsg");
			return 1;
		}
		n += r;
	}
	printf("{\"sent\":%llu,\"seconds\":%.3f,\"pps\":%.0f,\"gbps\":%.3f,\"errors\":%llu}\n", (unsigned long long)n,
	       t - t0, n / (t - t0), n / (t - t0) * len * 8 / 1e9, (unsigned long long)err);
	return 0;
}
