/* pcap_loop: the yardstick: every packet of a file through libpcap, nothing done with it.
 *
 * usage: pcap_loop FILE
 */
#include <pcap/pcap.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	char error[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *header;
	const u_char *bytes;
	unsigned long packets = 0, captured = 0;
	pcap_t *pcap;
	int got;

	if (argc != 2) {
		fputs("usage: pcap_loop FILE\n", stderr);
		return 2;
	}
	pcap = pcap_open_offline(argv[1], error);
	if (!pcap) {
		fprintf(stderr, "pcap_loop: %s\n", error);
		return 3;
	}
	while ((got = pcap_next_ex(pcap, &header, &bytes)) == 1) {
		packets++;
		captured += header->caplen;
	}
	printf("%lu packets, %lu bytes\n", packets, captured);
	pcap_close(pcap);
	return got == PCAP_ERROR_BREAK ? 0 : 3;
}
