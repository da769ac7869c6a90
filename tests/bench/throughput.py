#!/usr/bin/env python3
"""Prints packets per second of pathproof beside tcpdump and tshark on the same generated capture.

usage: throughput.py --pathproof FILE [--dir DIR]

What `meson test --benchmark` runs.  By CPU time, as another job on the machine costs wall time; the best of three runs.
"""

import shutil

import bench

RUNS = 3
SCALE = 0.25  # of server-day: 315,000 packets, 0.27 GB


def main():
    parser = bench.parser_of(__doc__)
    bench.add_options(parser)
    options = parser.parse_args()
    program = bench.program_of(options)
    with bench.bench_of(options) as at:
        path = at.generate("server-day", scale=SCALE)
        packets = bench.truth_of(path)["counts"]["packets"]
        commands = {
            "libpcap loop": (RUNS, [at.loop, path]),
            "pathproof analyze --json": (RUNS, bench.verdict_run(program, path)),
            "tcpdump --count": (RUNS, ["tcpdump", "-r", path, "--count"]),
            "tshark": (1, ["tshark", "-n", "-r", path]),
        }
        print(f"server-day, {packets:,} packets, {path.stat().st_size / 1e9:.2f} GB\n")
        print(f"{'':26}{'packets/s':>14}{'CPU s':>9}{'wall s':>9}{'peak MiB':>10}")
        for name, (runs, command) in commands.items():
            if not shutil.which(command[0]):
                print(f"{name:26}{'not installed':>14}")
                continue
            best = min((at.measure(command) for _ in range(runs)), key=lambda one: one.cpu)
            if best.status not in (0, 1, 2):
                raise bench.Failed(f"{name}: status {best.status}")
            print(f"{name:26}{packets / best.cpu:14,.0f}{best.cpu:9.2f}{best.wall:9.2f}{best.mib:10.0f}")
    return 0


bench.run_main(main)
