"""Claim: `burnish --help` takes at most 0.3 s of CPU and `import burnish` at most 0.2 s, and neither imports torch.

CPU seconds (user and system) of whole fresh processes, the interpreter's own start included; `import torch` beside them
is what the two would cost if they were not lazy.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time

from evidence import save

REPEATS = 15
COMMANDS = {
    "python alone": ["-c", "pass"],
    "import burnish": ["-c", "import burnish"],
    "burnish --help": ["-m", "burnish", "--help"],
    "burnish fit --help": ["-m", "burnish", "fit", "--help"],
    "burnish data": ["-m", "burnish", "data"],
    "import torch": ["-c", "import torch"],
}
BARS = {"import burnish": 0.2, "burnish --help": 0.3}


def cpu_seconds(words: list[str]) -> tuple[float, float]:
    """CPU and wall seconds of one process."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
    after, end = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, end - start


def imports_torch(words: list[str]) -> bool:
    """Whether the process has torch among its modules; -X importtime lists them on stderr."""
    told = subprocess.run([sys.executable, "-X", "importtime", *words], check=True, capture_output=True, text=True)
    return any(line.split("|")[-1].strip() == "torch" for line in told.stderr.splitlines())


def main() -> None:
    measured: dict[str, list[tuple[float, float]]] = {name: [] for name in COMMANDS}
    for _ in range(REPEATS):
        for name, words in COMMANDS.items():
            measured[name].append(cpu_seconds(words))
    rows = [
        {
            "what": name,
            "cpu_s": statistics.median(cpu for cpu, _ in samples),
            "wall_s": statistics.median(wall for _, wall in samples),
            "bar_cpu_s": BARS.get(name),
            "imports_torch": imports_torch(COMMANDS[name]),
        }
        for name, samples in measured.items()
    ]
    save("startup", rows, f"Median of {REPEATS} fresh processes each, taken in turn; modules were in the file cache.")
    missed = [
        row["what"]
        for row in rows
        if row["what"] in BARS and (row["cpu_s"] > BARS[row["what"]] or row["imports_torch"])
    ]
    if missed:
        raise SystemExit(f"slower than the bar, or torch was imported: {', '.join(missed)}")


if __name__ == "__main__":
    main()
