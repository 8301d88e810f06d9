"""``python -m burnish``, which torchrun starts too."""

from __future__ import annotations

import sys

from burnish.cli import main

if __name__ == "__main__":
    sys.exit(main())
