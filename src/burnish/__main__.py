"""``python -m burnish``, which torchrun starts too."""

from __future__ import annotations

import atexit
import os
import sys

from burnish.cli import main

if __name__ == "__main__":
    code = main()
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        # Threads of gloo may still hold tensors, and abort a process whose interpreter is on its way out: see
        # https://github.com/pytorch/pytorch/pull/179291. All is written by now, so leave without taking it apart.
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)
