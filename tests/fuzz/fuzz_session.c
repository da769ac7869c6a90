/* Connections with proper headers and sequence numbers around payload that the fuzzer chooses: what plain mutation of a
 * file does not get past.  The input is a script of steps, each a byte of what and a byte of who, sometimes more; it is
 * played into a pcap file in memory, which goes the way of every file.
 *
 *	who   bits 0-2 the connection, bit 7 the sender (1: server)
 *	what  see enum step; its upper bits, by STEPS, are variations
 */
#include "decode/packet.h"
#include "fuzz/analyse.h"
#include "support/pkt.h"

enum step { SAY, OPEN, ANSWER, CLOSE, RESET, REPEAT, LOSE, EARLY, COPY, WAIT, REFUSE, LOOKUP, REUSE, HUNGRY, STEPS };

enum { CONNECTIONS = 8, FILE_MAX = 1 << 20, STEPS_MAX = 400, SAID_MAX = 0x7ff, UDP = 17, ICMP = 1, TCP = 6 };

struct side {
	uint32_t seq;                /* of its next byte */
	uint32_t last_seq, last_len; /* of its last segment … */
	uint8_t last[SAID_MAX + 1];  /* … and what it held */
};

struct play {
	struct pp_cur script;
	struct side sides[CONNECTIONS][2];
	uint16_t generation[CONNECTIONS];
	uint64_t now_us;
	uint16_t ip_id;
	struct pp_pkt pkt;
	uint8_t *file;
	size_t len;
};

static void put_le(struct play *play, uint32_t value, size_t n)
{
	for (size_t i = 0; i < n && play->len < FILE_MAX; i++, value >>= 8)
		play->file[play->len++] = (uint8_t)value;
}

static void put_file_header(struct play *play)
{
	put_le(play, 0xa1b2c3d4, 4);
	put_le(play, 2, 2);
	put_le(play, 4, 2);
	put_le(play, 0, 4);
	put_le(play, 0, 4);
	put_le(play, 65535, 4);
	put_le(play, 1, 4);
}

/* Wraps what is in `pkt` and writes the record. */
static void put_packet(struct play *play, unsigned connection, bool from_server, uint8_t protocol)
{
	static const char *const servers[] = { "20.190.128.1", "10.0.0.9", "2603:1030::9", "168.63.129.16" };
	const char *server = servers[connection % 4], *client = strchr(server, ':') ? "fd00::4" : "10.0.0.4";
	struct pp_pkt_ip ip = { .src = from_server ? server : client,
				.dst = from_server ? client : server,
				.protocol = protocol,
				.ttl = from_server ? 117 : 64,
				.id = ++play->ip_id };
	uint32_t len;

	pp_pkt_ip(&play->pkt, &ip);
	pp_pkt_ethernet(&play->pkt, strchr(server, ':') ? 0x86dd : 0x0800);
	len = pp_pkt_len(&play->pkt);
	if (len + 16 > FILE_MAX - play->len)
		return;
	put_le(play, (uint32_t)(1700000000 + play->now_us / 1000000), 4);
	put_le(play, (uint32_t)(play->now_us % 1000000), 4);
	put_le(play, len, 4);
	put_le(play, len, 4);
	memcpy(play->file + play->len, pp_pkt_bytes(&play->pkt), len);
	play->len += len;
	play->now_us += 1000;
}

static void put_segment(struct play *play, uint8_t who, uint8_t flags, uint32_t seq, const void *bytes, size_t len)
{
	static const uint16_t ports[] = { 443, 8080, 80, 53 };
	unsigned connection = who % CONNECTIONS;
	bool from_server = who & 0x80;
	uint16_t server = ports[connection % 4],
		 client = (uint16_t)(50000 + connection + play->generation[connection] * 8);
	struct pp_pkt_tcp tcp = { .sport = from_server ? server : client,
				  .dport = from_server ? client : server,
				  .seq = seq,
				  .flags = flags,
				  .window = flags & PP_TCP_RST ? 0 : 64240,
				  .ack = flags & PP_TCP_ACK ? play->sides[connection][!from_server].seq : 0 };

	pp_pkt_start(&play->pkt, bytes, len);
	pp_pkt_tcp(&play->pkt, &tcp);
	put_packet(play, connection, from_server, TCP);
}

static struct side *side_of(struct play *play, uint8_t who) { return &play->sides[who % CONNECTIONS][who >> 7]; }

static struct pp_span take_words(struct play *play)
{
	size_t len = pp_cur_u16(&play->script) & SAID_MAX;

	return pp_cur_take(&play->script, len < pp_cur_left(&play->script) ? len : pp_cur_left(&play->script));
}

static void say(struct play *play, uint8_t who, bool captured)
{
	struct side *side = side_of(play, who);
	struct pp_span words = take_words(play);

	side->last_seq = side->seq;
	side->last_len = (uint32_t)words.len;
	if (words.len)
		memcpy(side->last, words.p, words.len);
	if (captured)
		put_segment(play, who, PP_TCP_ACK | PP_TCP_PSH, side->seq, words.p, words.len);
	side->seq += (uint32_t)words.len;
}

/* A segment that comes before the one it follows. */
static void say_early(struct play *play, uint8_t who)
{
	struct side *side = side_of(play, who);
	struct pp_span first = take_words(play), second = take_words(play);

	put_segment(play, who, PP_TCP_ACK, side->seq + (uint32_t)first.len, second.p, second.len);
	put_segment(play, who, PP_TCP_ACK, side->seq, first.p, first.len);
	side->seq += (uint32_t)(first.len + second.len);
}

static void open_connection(struct play *play, uint8_t who, uint8_t flags)
{
	struct side *side = side_of(play, who);

	side->seq = 1000u * (who + 1u);
	put_segment(play, who, flags, side->seq++, NULL, 0);
}

/* An ICMP error from a router about the last segment. */
static void refuse(struct play *play, uint8_t who, uint8_t code)
{
	struct pp_pkt quoted;
	uint8_t *at;

	if (play->pkt.len < 14 + 28)
		return;
	quoted = play->pkt;
	pp_pkt_start(&play->pkt, pp_pkt_bytes(&quoted) + 14, quoted.len - 14 < 60 ? quoted.len - 14 : 60);
	at = pp_pkt_before(&play->pkt, 8);
	at[0] = 3;
	at[1] = code;
	put_packet(play, who % CONNECTIONS, true, ICMP);
}

static void lookup(struct play *play, uint8_t who)
{
	struct pp_span words = take_words(play);
	bool from_server = who & 0x80;

	pp_pkt_start(&play->pkt, words.p, words.len);
	pp_pkt_udp(&play->pkt, from_server ? 53 : 40000, from_server ? 40000 : 53);
	put_packet(play, who % CONNECTIONS, from_server, UDP);
}

static void play_step(struct play *play)
{
	uint8_t what = pp_cur_u8(&play->script), who = pp_cur_u8(&play->script), more = what / STEPS;
	struct side *side = side_of(play, who);

	switch ((enum step)(what % STEPS)) {
	case SAY:
		say(play, who, true);
		return;
	case LOSE:
		say(play, who, false);
		return;
	case EARLY:
		say_early(play, who);
		return;
	case OPEN:
		open_connection(play, who, PP_TCP_SYN);
		return;
	case ANSWER:
		open_connection(play, who, PP_TCP_SYN | PP_TCP_ACK);
		return;
	case CLOSE:
		put_segment(play, who, PP_TCP_ACK | PP_TCP_FIN, side->seq++, NULL, 0);
		return;
	case RESET:
		put_segment(play, who, more & 1 ? PP_TCP_RST : PP_TCP_RST | PP_TCP_ACK, side->seq + (more & 6), NULL,
			    0);
		return;
	case REPEAT:
		put_segment(play, who, PP_TCP_ACK, side->last_seq, side->last, side->last_len);
		return;
	case COPY:
		play->ip_id--;
		put_segment(play, who, PP_TCP_ACK | PP_TCP_PSH, side->last_seq, side->last, side->last_len);
		return;
	case WAIT:
		play->now_us += (uint64_t)1000 << (more + (who & 0x0f));
		return;
	case REFUSE:
		refuse(play, who, more);
		return;
	case LOOKUP:
		lookup(play, who);
		return;
	case REUSE:
		play->generation[who % CONNECTIONS] += more & 1;
		return;
	case HUNGRY: /* an acknowledgement of its own */
		put_segment(play, who, PP_TCP_ACK, side->seq, NULL, 0);
		return;
	case STEPS:
		return;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct play play;
	static uint8_t file[FILE_MAX];

	memset(&play, 0, sizeof(play));
	play.script = pp_cur(data, size, PP_MALFORMED);
	play.file = file;
	put_file_header(&play);
	for (int i = 0; i < STEPS_MAX && pp_cur_left(&play.script) >= 2; i++)
		play_step(&play);
	fuzz_analyse(file, play.len);
	return 0;
}
