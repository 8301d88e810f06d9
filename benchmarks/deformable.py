"""What a deformable 3x3 convolution costs beside a dense one, and beside the same by ``grid_sample``.

Dense, first and second version (with their offset convolutions, as in a network) and the same by ``grid_sample`` take
turns on one thread; displacements are random, a pixel and a half wide. Times are medians of CPU seconds; forward is
without gradients, as in evaluation, and forward + backward gives gradients of input, weights and offsets.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from burnish.layers import DeformableConv2d, deformable
from evidence import save

ROUNDS = 9
SHAPES = ((8, 64, 56), (8, 128, 28), (8, 256, 14), (8, 512, 7))


def layers(channels: int) -> dict[str, nn.Module]:
    """The three convolutions; taps of the deformable ones look a pixel and a half away."""
    torch.manual_seed(0)
    made: dict[str, nn.Module] = {"dense": nn.Conv2d(channels, channels, 3, padding=1)}
    for name, modulated in (("v1", False), ("v2", True)):
        layer = DeformableConv2d(channels, channels, 3, padding=1, modulated=modulated)
        nn.init.normal_(layer.offset.weight, std=1.5 / (3 * channels**0.5))
        made[name] = layer
    return made


@contextmanager
def by_grid_sample() -> Iterator[None]:
    rows = deformable.sample_rows
    deformable.sample_rows = deformable.sample_planes
    try:
        yield
    finally:
        deformable.sample_rows = rows


def forward(layer: nn.Module, images: Tensor) -> None:
    with torch.no_grad():
        layer(images)


def both(layer: nn.Module, images: Tensor) -> None:
    layer.zero_grad()
    output = layer(images)
    output.backward(output.detach())


def cpu_seconds(call: Callable[[nn.Module, Tensor], None], layer: nn.Module, images: Tensor) -> float:
    start = time.process_time()
    call(layer, images)
    return time.process_time() - start


def main() -> None:
    torch.set_num_threads(1)
    rows: list[dict[str, Any]] = []
    for batch, channels, side in SHAPES:
        made = layers(channels)
        images = torch.randn(batch, channels, side, side, requires_grad=True)
        seconds: dict[tuple[str, str], list[float]] = {}
        for turn in range(ROUNDS + 1):
            for name, layer in made.items():
                for what, call in (("forward", forward), ("both", both)):
                    spent = [(name, cpu_seconds(call, layer, images))]
                    if name != "dense":
                        with by_grid_sample():
                            spent.append((f"{name} by grid_sample", cpu_seconds(call, layer, images)))
                    for which, value in spent if turn else ():  # the first turn warms up
                        seconds.setdefault((which, what), []).append(value)
        median = {key: 1e3 * statistics.median(values) for key, values in seconds.items()}
        for name in dict.fromkeys(which for which, _ in median):
            forward_ms, both_ms = median[name, "forward"], median[name, "both"]
            rows.append(
                {
                    "input": f"{batch}x{channels}x{side}x{side}",
                    "convolution": name,
                    "forward_ms": forward_ms,
                    "forward_to_dense": forward_ms / median["dense", "forward"],
                    "forward_backward_ms": both_ms,
                    "forward_backward_to_dense": both_ms / median["dense", "both"],
                }
            )
    save(
        "deformable",
        rows,
        [
            "3x3, as many channels out as in, padding 1, float32, one thread; v1 is Dai et al. 2017, v2 (modulated) "
            "Zhu et al. 2018, each with the convolution that makes its offsets.",
            f"CPU milliseconds, median of {ROUNDS}; all take turns in one process.",
            "burnish reads pixels as rows of a table; grid_sample is the usual way to do it in plain torch, with the "
            "same convolution after it.",
        ],
    )


if __name__ == "__main__":
    main()
