#!/usr/bin/env python3
"""One way through: a folder of src/ includes only itself and what lies before it.  usage: layers.py SRC"""

import pathlib
import re
import sys

ORDER = ["base", "platform", "source", "decode", "flow", "stream", "dissect", "facts", "attribute", "diagnose", "engine",
         "report", "live", "cli"]
# Third-party headers stay behind one door each.
DOORS = {
    "pcap": {"platform/pcap.h"},
    "dlfcn": {"platform/linux/pcap.c"},
    "ndpi": {"dissect/ndpi.c"},
    "mbedtls": {"dissect/x509.c", "dissect/ja4.c", "dissect/digest.c"},
    "jansson": {"attribute/service_tags.c"},
    "zlib": {"source/input_codec.c"},
    "zstd": {"source/input_codec.c"},
    "lz4frame": {"source/input_codec.c"},
    "pthread": {"platform/thread.h"},
}
# What differs between systems lives in platform/ only.
SYSTEM = {"unistd.h", "fcntl.h", "sys/mman.h", "sys/stat.h", "sys/types.h", "sys/socket.h", "termios.h", "pthread.h",
          "sys/ioctl.h", "sys/random.h", "dirent.h", "poll.h", "signal.h"}


def faults(src):
    for path in sorted(src.rglob("*.[ch]")):
        name = path.relative_to(src).as_posix()
        folder = name.split("/")[0]
        if folder not in ORDER:
            yield f"{name}: the folder {folder}/ has no place in the order"
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            include = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
            if not include:
                continue
            kind, target = include.groups()
            where = f"{name}:{number}"
            if kind == '"':
                other = target.split("/")[0]
                if "/" not in target:
                    yield f"{where}: write {target} with its folder"
                elif other not in ORDER:
                    yield f"{where}: {target} is in no folder of the order"
                elif ORDER.index(other) > ORDER.index(folder):
                    yield f"{where}: {folder}/ includes {target}, which lies after it"
            else:
                door = DOORS.get(re.split(r"[/.]", target)[0])
                if door is not None and name not in door:
                    yield f"{where}: {target} belongs behind {', '.join(sorted(door))}"
                if target in SYSTEM and folder != "platform":
                    yield f"{where}: {target} belongs in platform/"


def main():
    found = list(faults(pathlib.Path(sys.argv[1])))
    print("\n".join(found) or "the layers hold")
    sys.exit(1 if found else 0)


main()
