"""One perturbation for many images, beside ART's: CPU time to the same fooling rate.

ART goes image by image, with an attack on each that still resists (FGSM here, its fastest choice, and DeepFool, its
default), until a share of the images is fooled or its rounds are over. Then burnish is asked for the fooling rate that
ART reached, on the same images, within the same eps. Held-out images show what a new image may expect.
"""

from __future__ import annotations

import argparse
import random
import time
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from attacked_network import images, trained
from burnish.attacks.white_box.universal import Universal
from evidence import save, table

BAR = 5.0
IMAGES, HELD_OUT = 256, 512


def by_art(
    model: nn.Module, pixels: Tensor, eps: float, attacker: str, options: dict[str, Any], wanted: float
) -> tuple[Tensor, float]:
    """ART's perturbation, and the CPU seconds it took."""
    from art.attacks.evasion import UniversalPerturbation
    from art.estimators.classification import PyTorchClassifier

    random.seed(0)
    np.random.seed(0)
    classifier = PyTorchClassifier(
        model, nn.CrossEntropyLoss(), (3, 32, 32), 10, clip_values=(0.0, 1.0), device_type="cpu"
    )
    attack = UniversalPerturbation(
        classifier, attacker, options, delta=1 - wanted, max_iter=3, eps=eps, norm=np.inf, verbose=False
    )
    start = time.process_time()
    attack.generate(pixels.numpy())
    return torch.from_numpy(attack.noise[0]), time.process_time() - start


def fooling_rate(model: nn.Module, pixels: Tensor, perturbation: Tensor) -> float:
    with torch.no_grad():
        before, after = (model(shown).argmax(dim=1) for shown in (pixels, (pixels + perturbation).clamp(0, 1)))
    return (before != after).double().mean().item()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dry", action="store_true", help="print, and leave the committed result alone")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    data = images()
    model = trained("undefended", data)
    pixels, unseen = data.test[0][:IMAGES], data.test[0][IMAGES : IMAGES + HELD_OUT]
    rows: list[dict[str, Any]] = []
    for eps in (8 / 255, 16 / 255):
        for attacker, options in (("fgsm", {"eps": eps / 4}), ("deepfool", {"max_iter": 10, "verbose": False})):
            noise, theirs = by_art(model, pixels, eps, attacker, options, wanted=0.8)
            reached = fooling_rate(model.eval(), pixels, noise)
            attack = Universal(model, eps=eps, until=max(reached, 1e-3), held_out=0.0, epochs=100, batch_size=16)
            start = time.process_time()
            found = attack(pixels)
            ours = time.process_time() - start
            rows.append(
                {
                    "eps": f"{round(eps * 255)}/255",
                    "ART uses": attacker,
                    "fooled by ART": reached,
                    "fooled by burnish": found.made_on.value,
                    "new images, ART": fooling_rate(model, unseen, noise),
                    "new images, burnish": fooling_rate(model, unseen, found.perturbation),
                    "cpu_s, ART": theirs,
                    "cpu_s, burnish": ours,
                    "times faster": theirs / ours,
                    "bar": BAR,
                }
            )
            print(table(rows[-1:]))
    if chosen.dry:
        return
    save(
        "attack_universal",
        rows,
        f"{IMAGES} images of {data.source} to make one perturbation on, {HELD_OUT} new ones; linf; undefended network "
        "of attacked_network.py. ART stops at 80 % or after 3 rounds over the images, burnish at the rate that ART "
        "reached; one run of each. Fooled: the answer changes.",
        packages=("adversarial-robustness-toolbox",),
    )


if __name__ == "__main__":
    main()
