"""PGD with 10 steps beside torchattacks, Foolbox and ART: CPU time at equal robust accuracy.

A network of 104 thousand parameters on 3x32x32 images, a batch of 128, one thread, eps 8/255, steps of 2/255, no random
start. All take turns in one process on the same batch; each call starts from tensors (ART: from arrays) and ends with
attacked images. ``plain`` is the loop that one would write by hand.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from attacked_network import EPS, attacked, images, trained
from burnish.attacks import PGD
from evidence import save, table

STEPS, STEP, BATCH = 10, 2 / 255, 128
BARS = {"undefended": {"torchattacks": 0.4, "foolbox": 0.3, "art": 0.3}, "hardened": {"torchattacks": 0.9}}
PACKAGES = {"torchattacks": "torchattacks", "foolbox": "foolbox", "art": "adversarial-robustness-toolbox"}

Call = Callable[[Tensor, Tensor], Tensor]


def calls(model: nn.Module) -> dict[str, Call]:
    """What each library does with a batch."""
    import foolbox
    import torchattacks
    from art.attacks.evasion import ProjectedGradientDescentPyTorch
    from art.estimators.classification import PyTorchClassifier

    ours = PGD(model, eps=EPS, steps=STEPS, step_size=STEP, random_start=False)
    whole = PGD(model, eps=EPS, steps=STEPS, step_size=STEP, random_start=False, skip_wrong=False, early_stop=False)
    theirs = torchattacks.PGD(model, eps=EPS, alpha=STEP, steps=STEPS, random_start=False)
    bounded = foolbox.PyTorchModel(model, bounds=(0, 1), device="cpu")
    linf = foolbox.attacks.LinfPGD(abs_stepsize=STEP, steps=STEPS, random_start=False)
    classifier = PyTorchClassifier(
        model, nn.CrossEntropyLoss(), (3, 32, 32), 10, clip_values=(0.0, 1.0), device_type="cpu"
    )
    art = ProjectedGradientDescentPyTorch(
        classifier, eps=EPS, eps_step=STEP, max_iter=STEPS, num_random_init=0, batch_size=BATCH, verbose=False
    )

    def by_art(pixels: Tensor, labels: Tensor) -> Tensor:
        return torch.from_numpy(art.generate(pixels.numpy(), y=labels.numpy()))

    return {
        "plain": lambda pixels, labels: attacked(model, pixels, labels, STEPS, STEP),
        "burnish": ours,
        "burnish, every sample, every step": whole,
        "torchattacks": theirs,
        "foolbox": lambda pixels, labels: linf(bounded, pixels, labels, epsilons=[EPS])[1][0],
        "art": by_art,
    }


def measured(kind: Any, rounds: int) -> list[dict[str, Any]]:
    data = images()
    model = trained(kind, data)
    pixels, labels = (tensor[:BATCH] for tensor in data.test)
    ways = calls(model)
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    made: dict[str, Tensor] = {}
    for number in range(rounds + 1):
        for name in list(ways)[:: 1 if number % 2 else -1]:
            model.eval()
            start = time.process_time()
            made[name] = ways[name](pixels, labels)
            if number:  # the first round warms up
                seconds[name].append(time.process_time() - start)

    def accuracy(of: Tensor) -> float:
        with torch.no_grad():
            return (model(of).argmax(1) == labels).double().mean().item()

    rows = []
    for name in ways:
        peer = name in PACKAGES
        ratio = statistics.median(a / b for a, b in zip(seconds["burnish"], seconds[name], strict=True))
        rows.append(
            {
                "network": kind,
                "what": name,
                "cpu_s": statistics.median(seconds[name]),
                "burnish_to_this": ratio if name != "burnish" else 1.0,
                "bar": BARS[kind].get(name) if peer else None,
                "clean_accuracy": accuracy(pixels),
                "robust_accuracy": accuracy(made[name]),
                "difference_to_plain": (made[name] - made["plain"]).abs().max().item(),
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--dry", action="store_true", help="print, and leave the committed result alone")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    rows = [row for kind in ("undefended", "hardened") for row in measured(kind, chosen.rounds)]
    if chosen.dry:
        print(table(rows))
        return
    save(
        "attack_speed",
        rows,
        [
            f"PGD with {STEPS} steps of 2/255 within 8/255, linf, no random start; {BATCH} images of "
            f"{images().source}; CPU seconds, median of {chosen.rounds}; ratios are medians of those of one round.",
            "burnish leaves alone what is misclassified already, stops on a sample that is fooled, and computes no "
            "gradient of a parameter; its time includes a pass before and one after, which judge success.",
        ],
        packages=PACKAGES.values(),
    )


if __name__ == "__main__":
    main()
