"""Claim: zoo models train as fast as torchvision's and timm's, and 1.5 x as fast with burnish's CPU defaults.

One training step (forward, cross-entropy, backward; no optimizer) of the same network with the same weights on the
same images, one thread. burnish in fp32, its peer in fp32, and burnish with the defaults it takes on a processor with
bf16 arithmetic (bf16 autocast, channels_last) take turns, in another order every round; a ratio is the median over the
rounds of their CPU seconds divided by ours.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from burnish.models import create
from burnish.models.auxiliary import weighted_loss
from evidence import save
from published_models import missing, timm_model, torchvision_model

SAME_BAR = 0.98
BF16_BAR = 1.5
ROUNDS = 7


@dataclass(frozen=True)
class Pair:
    """One network, ours and theirs, on ``batch`` images of ``side`` pixels."""

    name: str
    peer: Callable[[], nn.Module]
    batch: int = 8
    side: int = 128
    options: dict[str, Any] = field(default_factory=dict)


def from_torchvision(name: str, batch: int, side: int = 128, **theirs: Any) -> Pair:
    return Pair(name.replace("_", "-"), lambda: torchvision_model(name, **theirs), batch, side)


def from_timm(name: str, ours: str, batch: int, side: int = 128, **theirs: Any) -> Pair:
    return Pair(ours, lambda: timm_model(name, **theirs), batch, side)


PAIRS = [
    from_torchvision("alexnet", 32),
    from_torchvision("vgg11_bn", 4),
    from_torchvision("googlenet", 16, init_weights=False),
    from_torchvision("inception_v3", 2, 299, init_weights=False),
    from_timm("inception_v4", "inception-v4", 4, 160),
    from_torchvision("resnet18", 16),
    from_torchvision("resnet50", 8),
    from_timm("resnetv2_50", "resnetv2-50", 8),
    from_torchvision("resnext50_32x4d", 8),
    from_torchvision("wide_resnet50_2", 4),
    from_torchvision("densenet121", 8),
    from_timm("mobilenetv1_100", "mobilenet-v1", 16),
    from_torchvision("mobilenet_v2", 16),
    from_torchvision("efficientnet_b0", 16),
    from_timm("vit_tiny_patch16_224", "vit-tiny", 4, 224),
    from_torchvision("vit_b_16", 1, 224),
    from_torchvision("swin_t", 2, 224),
    from_torchvision("convnext_tiny", 4),
]


def loss(output: Any, labels: Tensor) -> Tensor:
    """The same work for every kind of output: cross-entropy of all heads."""
    if isinstance(output, Tensor) or hasattr(output, "auxiliary"):
        return weighted_loss(lambda logits: F.cross_entropy(logits, labels), output)
    heads = [head for head in output if head is not None]
    return torch.stack([F.cross_entropy(head, labels) for head in heads]).sum()


@dataclass
class Contender:
    """Something that trains, and the seconds of its steps so far."""

    model: nn.Module
    images: Tensor
    labels: Tensor
    precision: Callable[[], AbstractContextManager[Any]] = nullcontext
    seconds: list[float] = field(default_factory=list)

    def step(self) -> None:
        started = time.process_time()
        with self.precision():
            value = loss(self.model(self.images), self.labels)
        value.backward()
        self.seconds.append(time.process_time() - started)
        for parameter in self.model.parameters():
            parameter.grad = None


def compare(pair: Pair, rounds: int) -> dict[str, Any]:
    torch.manual_seed(0)
    theirs = pair.peer().train()
    ours, fast = (create(pair.name, 1000, 3, _built_for(pair), **pair.options).train() for _ in range(2))
    state = ours.translate(theirs.state_dict())
    ours.load_state_dict(state)
    fast.load_state_dict(state)
    fast = fast.to(memory_format=torch.channels_last)
    images = torch.rand(pair.batch, 3, pair.side, pair.side)
    labels = torch.randint(1000, (pair.batch,))
    contenders = [
        Contender(ours, images, labels),
        Contender(theirs, images, labels),
        Contender(
            fast,
            images.to(memory_format=torch.channels_last),
            labels,
            lambda: torch.autocast("cpu", dtype=torch.bfloat16),
        ),
    ]
    for contender in contenders:
        contender.step()
        contender.seconds.clear()
    for turn in range(rounds):
        for position in range(3):
            contenders[(turn + position) % 3].step()
    own, peer, bf16 = (contender.seconds for contender in contenders)
    return {
        "model": pair.name,
        "batch": f"{pair.batch}x3x{pair.side}x{pair.side}",
        "burnish ms": round(1000 * statistics.median(own), 1),
        "peer ms": round(1000 * statistics.median(peer), 1),
        "bf16 ms": round(1000 * statistics.median(bf16), 1),
        "peer / burnish": round(statistics.median(b / a for a, b in zip(own, peer, strict=True)), 3),
        "peer / bf16": round(statistics.median(b / a for a, b in zip(bf16, peer, strict=True)), 3),
    }


def _built_for(pair: Pair) -> int | None:
    """Peers keep their large stem at any size; ours chooses by size, so it is built for its native one."""
    return 224 if pair.name.startswith(("vit", "swin")) else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--only", default="", help="models whose name holds this")
    parser.add_argument("--dry", action="store_true", help="print only; write no result")
    given = parser.parse_args()
    if absent := missing("torchvision", "timm"):
        print(f"not installed: {', '.join(absent)}; see benchmarks/published_models.py. Nothing was measured.")
        return
    torch.set_num_threads(1)
    rows = []
    for pair in PAIRS:
        if given.only in pair.name:
            rows.append(compare(pair, given.rounds))
            print(rows[-1], flush=True)
    same = [row["peer / burnish"] for row in rows]
    fast = [row["peer / bf16"] for row in rows]
    notes = [
        f"Bars: peer / burnish >= {SAME_BAR} in fp32, >= {BF16_BAR} with bf16 and channels_last.",
        f"fp32: median {statistics.median(same):.2f} x, lowest {min(same):.2f} x, "
        f"{sum(ratio >= SAME_BAR for ratio in same)} of {len(same)} models at the bar.",
        f"bf16: median {statistics.median(fast):.2f} x, lowest {min(fast):.2f} x, "
        f"{sum(ratio >= BF16_BAR for ratio in fast)} of {len(fast)} models at the bar.",
        f"CPU seconds on one thread, median of {given.rounds} rounds; steps of tens of milliseconds vary by a few per "
        "cent from run to run.",
    ]
    if given.dry or given.only:  # some rows must not stand for all
        print("\n".join(notes))
    else:
        save("zoo_throughput", rows, notes, packages=("torchvision", "timm"))


if __name__ == "__main__":
    main()
