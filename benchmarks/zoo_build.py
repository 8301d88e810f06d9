"""Claim: any model of the zoo is built in less than a second, random weights included.

CPU seconds of `burnish.models.create(name, 1000)` at the native size on one thread, the least of three (the first also
pays for imports and fresh memory). Drawing weights is most of it, and memory that is touched for the first time: 250
million normal numbers and 1 to 2 GB take a second.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import torch

from burnish.models import create, entry, names
from evidence import save

BAR = 1.0


def measure(name: str, repeats: int) -> dict[str, Any]:
    classes = 1000 if (entry(name).native_size or 0) >= 128 else 10
    seconds = []
    for _ in range(repeats):
        started = time.process_time()
        model = create(name, classes)
        seconds.append(time.process_time() - started)
        parameters = sum(parameter.numel() for parameter in model.parameters())
        del model
    return {"model": name, "parameters": parameters, "cpu seconds": round(min(seconds), 3)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--dry", action="store_true", help="print only; write no result")
    given = parser.parse_args()
    torch.set_num_threads(1)
    rows = [measure(name, given.repeats) for name in names() if ".vision." in entry(name).builder.__module__]
    rows.sort(key=lambda row: row["cpu seconds"], reverse=True)
    slow = [row["model"] for row in rows if row["cpu seconds"] >= BAR]
    notes = [
        f"Bar: {BAR:.0f} s for any model. {len(rows) - len(slow)} of {len(rows)} are below; "
        f"above: {', '.join(slow) or 'none'}.",
    ]
    if given.dry:
        print(rows[:8], notes)
    else:
        save("zoo_build", rows, notes)


if __name__ == "__main__":
    main()
