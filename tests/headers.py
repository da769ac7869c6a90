#!/usr/bin/env python3
"""Lists the headers below a source folder, one a line, relative to it.  usage: headers.py SRC"""

import pathlib
import sys

src = pathlib.Path(sys.argv[1])
print("\n".join(sorted(p.relative_to(src).as_posix() for p in src.rglob("*.h"))))
