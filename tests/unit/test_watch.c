/* Which connections of a capture in the making count as the service's. */
#include "support/cmocka_all.h"

#include "decode/packet.h"
#include "live/watch.h"
#include "platform/clock.h"
#include "platform/ring.h"
#include "source/note.h"
#include "support/pkt.h"

#include <string.h>

#define BEGIN INT64_C(1795419211000000000)
#define AZURE "192.0.2.9" /* to which the lookup leads */
#define OTHER "192.0.2.10"

enum { PORT = 50123, WAIT_S = 20 };

static const struct pp_ng_interface eth0 = { "eth0", NULL, 1, 262144 };

static struct pp_trace *open_trace(void)
{
	const struct pp_trace_options options = { .machine = { "x86_64", "Linux", "test" } };
	struct pp_trace *trace;

	assert_int_equal(pp_trace_open(&trace, &options), PP_OK);
	assert_int_equal(pp_trace_interface(trace, &eth0), PP_OK);
	return trace;
}

static void put(struct pp_trace *trace, struct pp_pkt *pkt, const char *src, const char *dst, uint8_t protocol)
{
	pp_pkt_ip(pkt, &(struct pp_pkt_ip){ .src = src, .dst = dst, .protocol = protocol });
	pp_pkt_ethernet(pkt, 0x0800);
	assert_int_equal(
	    pp_trace_packet(trace, 0, BEGIN, pp_pkt_bytes(pkt), (uint32_t)pp_pkt_len(pkt), (uint32_t)pp_pkt_len(pkt)),
	    PP_OK);
}

/* login.windows.net is AZURE (RFC 1035 section 4). */
static void put_lookup(struct pp_trace *trace)
{
	static const char query[] = "\0\1\1\0\0\1\0\0\0\0\0\0\5login\7windows\3net\0\0\1\0\1";
	static const char answer[] = "\0\1\201\200\0\1\0\1\0\0\0\0\5login\7windows\3net\0\0\1\0\1"
				     "\300\14\0\1\0\1\0\0\0\74\0\4\300\0\2\11";
	struct pp_pkt pkt;

	pp_pkt_start(&pkt, query, sizeof(query) - 1);
	pp_pkt_udp(&pkt, 53000, 53);
	put(trace, &pkt, "10.0.0.4", "10.0.0.1", 17);
	pp_pkt_start(&pkt, answer, sizeof(answer) - 1);
	pp_pkt_udp(&pkt, 53, 53000);
	put(trace, &pkt, "10.0.0.1", "10.0.0.4", 17);
}

static void put_refusal(struct pp_trace *trace, const char *server)
{
	struct pp_pkt pkt;

	pp_pkt_start(&pkt, NULL, 0);
	pp_pkt_tcp(&pkt, &(struct pp_pkt_tcp){ .sport = PORT, .dport = 443, .seq = 9, .flags = PP_TCP_SYN });
	put(trace, &pkt, "10.0.0.4", server, 6);
	pp_pkt_start(&pkt, NULL, 0);
	pp_pkt_tcp(&pkt,
		   &(struct pp_pkt_tcp){ .sport = 443, .dport = PORT, .ack = 10, .flags = PP_TCP_RST | PP_TCP_ACK });
	put(trace, &pkt, server, "10.0.0.4", 6);
}

static void put_owner(struct pp_trace *trace, const char *server, unsigned flags)
{
	const struct pp_note note = {
		.kind = PP_NOTE_PROCESS,
		.flags = flags,
		.number = 812,
		.ts = BEGIN,
		.client = { pp_pkt_addr("10.0.0.4"), PORT },
		.server = { pp_pkt_addr(server), 443 },
		.text = { "/usr/bin/curl", "himdsd.service" },
	};
	struct pp_buf buf;

	pp_buf_init(&buf, 4096);
	assert_int_equal(pp_note_encode(&buf, &note), PP_OK);
	assert_int_equal(pp_trace_blocks(trace, buf.p, buf.len), PP_OK);
	pp_buf_done(&buf);
}

/* What the watch counts of one refused connection. */
static unsigned counted(const char *server, bool by_process, const unsigned *flags)
{
	struct pp_trace *trace = open_trace();
	struct pp_catalogue *catalogue;
	struct pp_data_error error;
	struct pp_watch_view view;
	struct pp_watch watch;
	int64_t until = pp_clock_ns() + WAIT_S * INT64_C(1000000000);

	assert_int_equal(pp_catalogue_new(&catalogue, &error), PP_OK);
	put_lookup(trace);
	put_refusal(trace, server);
	if (flags)
		put_owner(trace, server, *flags);
	assert_int_equal(pp_trace_flush(trace), PP_OK);
	assert_int_equal(
	    pp_watch_start(&watch, &(struct pp_analysis_options){ .catalogue = catalogue }, trace, by_process), PP_OK);
	do {
		pp_ring_wait(NULL, 0, 5);
		pp_watch_view(&watch, &view);
	} while (!view.rounds && pp_clock_ns() < until);
	pp_watch_stop(&watch);
	assert_true(view.rounds > 0);
	assert_int_equal(view.faults, view.flows);
	assert_int_equal(view.newest, view.flows ? BEGIN : PP_TIME_NONE);
	pp_trace_free(trace);
	pp_catalogue_free(catalogue);
	return view.flows;
}

static void owner_known(void **state)
{
	static const unsigned ours = PP_NOTE_OURS | PP_NOTE_AIMED, another = PP_NOTE_AIMED;

	(void)state;
	assert_int_equal(counted(OTHER, true, &ours), 1);
	assert_int_equal(counted(AZURE, true, &another), 0);
}

/* A process that ends at once may be missed; its connection must not be, or a start that hangs on it is waited for. */
static void owner_missed(void **state)
{
	(void)state;
	assert_int_equal(counted(AZURE, true, NULL), 1);
	assert_int_equal(counted(OTHER, true, NULL), 0);
}

static void owners_not_looked_for(void **state)
{
	(void)state;
	assert_int_equal(counted(OTHER, false, NULL), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(owner_known),
		cmocka_unit_test(owner_missed),
		cmocka_unit_test(owners_not_looked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
