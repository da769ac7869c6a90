/* Prints what the decoder makes of each frame, a line each, tabs between: number, source, destination, ports, sequence number,
 * acknowledgement, flags, window, payload length.  TCP and UDP only.  usage: decode_list FILE */
#include "decode/packet.h"
#include "source/source.h"

#include <inttypes.h>
#include <stdio.h>

static void print(const struct pp_frame *frame)
{
	char src[PP_ADDR_TEXT], dst[PP_ADDR_TEXT];
	struct pp_packet packet;

	pp_decode(frame->link_type, frame->data_view, frame->caplen, frame->len, &packet);
	if (packet.kind != PP_PACKET_TCP && packet.kind != PP_PACKET_UDP)
		return;
	pp_addr_format(&packet.src, src);
	pp_addr_format(&packet.dst, dst);
	printf("%" PRIu32 "\t%s\t%s\t%s\t%u\t%u", frame->number, packet.kind == PP_PACKET_TCP ? "tcp" : "udp", src, dst,
	       packet.sport, packet.dport);
	if (packet.kind == PP_PACKET_TCP)
		printf("\t%" PRIu32 "\t%" PRIu32 "\t%u\t%u", packet.tcp.seq, packet.tcp.ack, packet.tcp.flags,
		       packet.tcp.window);
	printf("\t%" PRIu32 "\t%s\n", packet.payload_len, packet.bad ? "bad" : packet.cut ? "cut" : "whole");
}

int main(int argc, char **argv)
{
	struct pp_frame frames[PP_SOURCE_BATCH];
	struct pp_source *source;
	size_t count = 1;

	if (argc != 2 || pp_source_open(&source, argv[1], 0) != PP_OK)
		return 1;
	while (count > 0 && pp_source_read(source, frames, PP_SOURCE_BATCH, &count) == PP_OK)
		for (size_t i = 0; i < count; i++)
			print(&frames[i]);
	pp_source_close(source);
	return 0;
}
