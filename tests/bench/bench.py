"""What the bench commands share: building the tools, generating captures, measuring programs.

The generator (gen_traffic.c) lies in the shared folder beside this checkout; without it there is nothing to measure, and
every command says so and ends with status 77 (skipped).
"""

import argparse
import collections
import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
SHARED = TOP.parent / "shared" / "bench"
SKIPPED = 77
SCENARIOS = ("server-day", "lossy", "handshake-heavy", "syn-storm", "startup")

Measured = collections.namedtuple("Measured", "wall cpu mib status")  # s, s (user and system), MiB at the peak


class Skip(Exception):
    """There is nothing to measure with; the reason is the message."""


class Failed(Exception):
    """A program under measurement did not do its work."""


class Bench:
    """A directory with the built tools and the generated captures, and what can be done with them."""

    def __init__(self, directory):
        self.dir = directory
        self.dir.mkdir(parents=True, exist_ok=True)
        if not (SHARED / "gen_traffic.c").exists():
            raise Skip(f"no traffic generator: {os.path.relpath(SHARED, TOP)}/gen_traffic.c is absent")
        self.generator = self.build("gen_traffic", SHARED / "gen_traffic.c", "-lm")
        self.spawn = self.build("measure", HERE / "measure.c")
        self.loop = self.build("pcap_loop", HERE / "pcap_loop.c", "-lpcap")

    def build(self, name, source, *libraries):
        binary = self.dir / name
        if not binary.exists() or binary.stat().st_mtime < source.stat().st_mtime:
            compiler = os.environ.get("CC", "cc").split()
            try:
                subprocess.run([*compiler, "-std=gnu17", "-O2", "-o", binary, source, *libraries],
                               check=True)
            except (OSError, subprocess.CalledProcessError) as error:
                raise Skip(f"{source.name} cannot be built: {error}") from error
        return binary

    def generate(self, scenario, seed=1, scale=1.0, flows=False):
        """The capture of that scenario; made once per directory.  `flows`: with the truth of each connection."""
        suffix = "pcapng" if scenario == "startup" else "pcap"
        path = self.dir / f"{scenario}-{seed}-{scale:g}.{suffix}"
        last = path.with_name(path.name + ".truth.json")  # written when all else is
        if not last.exists() or (flows and not path.with_name(path.name + ".flows.jsonl").exists()):
            last.unlink(missing_ok=True)
            subprocess.run([self.generator, scenario, "-o", path, "--seed", str(seed), "--scale", f"{scale:g}",
                            "--format", suffix, *([] if flows else ["--no-flow-truth"])],
                           check=True, stderr=subprocess.DEVNULL)
        with path.open("rb") as file:  # from now on it is in the page cache
            while file.read(1 << 22):
                pass
        return path

    def forget(self, path):
        for file in path.parent.glob(path.name + "*"):
            file.unlink()

    def measure(self, command, seconds=0, mib=0):
        done = subprocess.run([self.spawn, str(seconds), str(mib), *command], capture_output=True, text=True,
                              check=True)
        wall, cpu, kib, status = map(int, done.stdout.split())
        return Measured(wall / 1e9, cpu / 1e9, kib / 1024, status)

    def measure_loop(self, path):
        done = self.measure([self.loop, path])
        if done.status != 0:
            raise Failed(f"pcap_loop {path.name}: status {done.status}")
        return done

    def measure_pathproof(self, program, path):
        done = self.measure(verdict_run(program, path))
        if done.status not in (0, 1, 2):
            raise Failed(f"{program} {path.name}: status {done.status}")
        return done


def truth_of(path):
    return json.loads(path.with_name(path.name + ".truth.json").read_text(encoding="utf-8"))


def verdict_run(program, path):
    """The whole work: every fact and verdict of the file, as JSON Lines."""
    return [program, "analyze", "--json", "-", path]


def instructions_per_packet(bench, program, scenario="server-day", seed=1, scales=(0.08, 0.25)):
    """The slope between a small and a larger capture of one kind: what each further packet costs, start-up left out."""
    if not shutil.which("valgrind"):
        raise Skip("valgrind is absent")
    counted = []
    for scale in scales:
        path = bench.generate(scenario, seed, scale)
        done = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
                               *verdict_run(program, path), "--no-sandbox"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        found = re.search(r"Collected : (\d+)", done.stderr)
        if not found or done.returncode not in (0, 1, 2):
            raise Failed(f"valgrind {program}: status {done.returncode}\n{done.stderr[-2000:]}")
        counted.append((truth_of(path)["counts"]["packets"], int(found[1])))
    (few, small), (many, large) = counted
    return (large - small) / (many - few)


def add_options(parser, program=True):
    parser.add_argument("--dir", type=pathlib.Path, metavar="DIR",
                        help="keep tools and captures here; without it a temporary directory, gone afterwards")
    if program:
        parser.add_argument("--pathproof", type=pathlib.Path, metavar="FILE",
                            help="the program; without it, what tools/run builds")


def program_of(options):
    """An optimised build of this checkout, unless the options name another one."""
    if options.pathproof:
        return options.pathproof.resolve()
    subprocess.run([TOP / "tools" / "run", "--version"], check=True, stdout=subprocess.DEVNULL)
    return TOP / "build" / "src" / "pathproof"


@contextlib.contextmanager
def bench_of(options):
    if options.dir:
        yield Bench(options.dir.resolve())
        return
    with tempfile.TemporaryDirectory(prefix="pathproof-bench-") as directory:
        yield Bench(pathlib.Path(directory))


def run_main(main):
    """Runs main() and turns its exceptions into the exit status of a test."""
    try:
        sys.exit(main())
    except Skip as reason:
        print(f"skipped: {reason}")
        sys.exit(SKIPPED)
    except Failed as reason:
        print(f"failed: {reason}")
        sys.exit(1)


def parser_of(doc):
    return argparse.ArgumentParser(description=doc.split("\n\n", maxsplit=1)[0],
                                   formatter_class=argparse.RawDescriptionHelpFormatter)
