"""The small network that attacks are measured on: 3x32x32, 104 thousand parameters, undefended and hardened.

It learns CIFAR-10 (JPEG) from ``$BURNISH_DATA``, or drawn shapes where that is absent. Images and weights are kept in
the temporary folder, so that several benchmarks share them.
"""

from __future__ import annotations

import os
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from burnish.common.seeding import generator, preserved_rng
from burnish.data.images.decoders import decode

CACHE = Path(tempfile.gettempdir()) / "burnish-attacked-network"
EPS = 8 / 255
TRAINING, SHOWN = 6_400, 1_024

Kind = Literal["undefended", "hardened"]


@dataclass(frozen=True)
class Images:
    """Training and test images ``(N, 3, 32, 32)`` in [0, 1] with their classes, and where they come from."""

    train: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]
    source: str


def images() -> Images:
    """6,400 images to learn from and 1,024 to attack."""
    archive = Path(os.environ.get("BURNISH_DATA", ".")) / "cifar10-jpeg" / "cifar10-jpeg.tar.gz"
    if not archive.exists():
        return Images(_shapes(TRAINING, 0), _shapes(SHOWN, 1), "drawn shapes")
    kept = CACHE / "cifar10-jpeg.pt"
    if not kept.exists():
        CACHE.mkdir(exist_ok=True)
        torch.save({"train": _from_tar(archive, "train", TRAINING), "test": _from_tar(archive, "test", SHOWN)}, kept)
    found = torch.load(kept)
    return Images(found["train"], found["test"], "CIFAR-10 (JPEG)")


def _from_tar(archive: Path, split: str, count: int) -> tuple[Tensor, Tensor]:
    with tarfile.open(archive) as tar:
        members = sorted((m for m in tar if m.isfile() and m.name.startswith(f"{split}/")), key=lambda m: m.name)
        names = sorted({member.name.split("/")[1] for member in members})
        chosen = torch.randperm(len(members), generator=generator(0, split))[:count].tolist()
        found = {}
        for number in sorted(chosen, key=lambda n: members[n].offset):  # in the order of the file
            file = tar.extractfile(members[number])
            assert file is not None
            label = names.index(members[number].name.split("/")[1])
            found[number] = (torch.from_numpy(decode(file.read())).permute(2, 0, 1), label)
    pixels = torch.stack([found[number][0] for number in chosen])
    return pixels.float() / 255, torch.tensor([found[number][1] for number in chosen])


def _shapes(count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Ten kinds of stripes and spots in random colours, places and noise."""
    draw = generator(seed, "shapes")
    labels = torch.arange(count) % 10
    grid = torch.arange(32.0)
    angle = (labels % 5) * torch.pi / 5
    phase = torch.rand(count, generator=draw) * 6.3
    across = angle.cos()[:, None, None] * grid[:, None] + angle.sin()[:, None, None] * grid
    wave = (across * torch.where(labels < 5, 0.5, 1.0)[:, None, None] + phase[:, None, None]).sin()
    colour = torch.rand(count, 3, 1, 1, generator=draw) * 0.15 + 0.05
    noise = torch.randn(count, 3, 32, 32, generator=draw) * 0.1
    return (0.5 + wave[:, None] * colour + noise).clamp(0, 1), labels


def network() -> nn.Module:
    """Four convolutions with BatchNorm and a linear layer: 103,946 parameters."""
    layers: list[nn.Module] = []
    for before, after, pooled in ((3, 32, True), (32, 64, True), (64, 64, True), (64, 64, False)):
        layers += [nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU()]
        layers += [nn.MaxPool2d(2)] if pooled else []
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(1024, 10))


def trained(kind: Kind, data: Images) -> nn.Module:
    """The network in evaluation mode; the hardened one was trained on images attacked by PGD with 3 steps."""
    kept = CACHE / f"{kind}-{data.source.split()[0]}.pt"
    model = network()
    if not kept.exists():
        CACHE.mkdir(exist_ok=True)
        with preserved_rng():
            torch.manual_seed(0)
            model = network()
            _fit(model, *data.train, epochs=6 if kind == "undefended" else 5, hardened=kind == "hardened")
        torch.save(model.state_dict(), kept)
    model.load_state_dict(torch.load(kept))
    return model.eval()


def _fit(model: nn.Module, pixels: Tensor, labels: Tensor, epochs: int, hardened: bool) -> None:
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    steps = epochs * (len(pixels) // 128)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=4e-3, total_steps=steps)
    for _ in range(epochs):
        for part in torch.randperm(len(pixels)).split(128)[: len(pixels) // 128]:
            batch, truth = pixels[part], labels[part]
            if hardened:
                batch = attacked(model.eval(), batch, truth, steps=3, step=4 / 255)
            model.train()
            optimizer.zero_grad()
            F.cross_entropy(model(batch), truth).backward()
            optimizer.step()
            schedule.step()
    model.zero_grad(set_to_none=True)


def attacked(model: nn.Module, pixels: Tensor, labels: Tensor, steps: int, step: float) -> Tensor:
    """PGD as a plain loop, nothing saved: what the libraries are to be compared with."""
    at = pixels
    for _ in range(steps):
        leaf = at.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(F.cross_entropy(model(leaf), labels), leaf)
        at = (at + step * gradient.sign()).clamp(pixels - EPS, pixels + EPS).clamp(0, 1)
    return at.detach()
