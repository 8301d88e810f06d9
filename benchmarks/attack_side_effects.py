"""What an attack leaves behind in the model and in the process: burnish, torchattacks, Foolbox and ART.

One call of PGD with a random start on a network in training mode whose BatchNorms are frozen (in evaluation mode), as
in fine-tuning. One weight is frozen, one carries a gradient of the user's. Then every promise is looked up.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from attack_speed import PACKAGES
from attacked_network import EPS, network
from burnish.attacks import PGD
from evidence import save, table

STEPS, STEP = 3, 2 / 255


def frozen_network() -> nn.Module:
    """In training mode with dropout, its BatchNorms frozen; one weight frozen, one with a gradient."""
    torch.manual_seed(0)
    model = nn.Sequential(network(), nn.Dropout(0.1)).train()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()
    convolution, linear = model[0][0], model[0][-1]
    convolution.weight.requires_grad_(False)
    linear.weight.grad = torch.ones_like(linear.weight)
    return model


def attackers() -> dict[str, Callable[[nn.Module, Tensor, Tensor], Any]]:
    """One call of each library, from a model to attacked images."""

    def burnish(model: nn.Module, pixels: Tensor, labels: Tensor) -> Any:
        return PGD(model, eps=EPS, steps=STEPS, step_size=STEP, training=True, skip_wrong=False)(pixels, labels)

    def torchattacks(model: nn.Module, pixels: Tensor, labels: Tensor) -> Any:
        import torchattacks

        return torchattacks.PGD(model, eps=EPS, alpha=STEP, steps=STEPS)(pixels, labels)

    def foolbox(model: nn.Module, pixels: Tensor, labels: Tensor) -> Any:
        import foolbox

        bounded = foolbox.PyTorchModel(model, bounds=(0, 1), device="cpu")
        return foolbox.attacks.LinfPGD(abs_stepsize=STEP, steps=STEPS)(bounded, pixels, labels, epsilons=[EPS])

    def art(model: nn.Module, pixels: Tensor, labels: Tensor) -> Any:
        from art.attacks.evasion import ProjectedGradientDescentPyTorch
        from art.estimators.classification import PyTorchClassifier

        classifier = PyTorchClassifier(
            model, nn.CrossEntropyLoss(), (3, 32, 32), 10, clip_values=(0.0, 1.0), device_type="cpu"
        )
        attack = ProjectedGradientDescentPyTorch(
            classifier, eps=EPS, eps_step=STEP, max_iter=STEPS, num_random_init=1, verbose=False
        )
        return attack.generate(pixels.numpy(), y=labels.numpy())

    return {"burnish": burnish, "torchattacks": torchattacks, "foolbox": foolbox, "art": art}


def effects(call: Callable[[nn.Module, Tensor, Tensor], Any]) -> dict[str, bool]:
    """Whether each thing is after the call as it was before."""
    model = frozen_network()
    pixels = torch.rand(16, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(16) % 10
    given = pixels.clone()
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)
    modes = {name: module.training for name, module in model.named_modules()}
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    gradients = {name: None if p.grad is None else p.grad.clone() for name, p in model.named_parameters()}
    wanted = {name: p.requires_grad for name, p in model.named_parameters()}
    generators = (random.getstate(), np.random.get_state()[1].copy(), torch.get_rng_state())

    call(model, pixels, labels)

    def same(before: Tensor | None, after: Tensor | None) -> bool:
        return before is after if before is None or after is None else before.equal(after)

    return {
        "frozen BatchNorms stay frozen": not any(module.training for module in norms),
        "the rest stays in training mode": all(
            module.training == modes[name] for name, module in model.named_modules() if module not in norms
        ),
        "weights and buffers": all(state[name].equal(tensor) for name, tensor in model.state_dict().items()),
        ".grad": all(same(gradients[name], p.grad) for name, p in model.named_parameters()),
        "requires_grad": all(p.requires_grad == wanted[name] for name, p in model.named_parameters()),
        "global generators": generators[0] == random.getstate()
        and bool((generators[1] == np.random.get_state()[1]).all())
        and generators[2].equal(torch.get_rng_state()),
        "the images given": given.equal(pixels),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dry", action="store_true", help="print, and leave the committed result alone")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for name, call in attackers().items():
        kept = effects(call)
        words = {what: "kept" if stays else "changed" for what, stays in kept.items()}
        rows.append({"library": name, **words, "changed": sum(not stays for stays in kept.values())})
    if chosen.dry:
        print(table(rows))
        return
    save(
        "attack_side_effects",
        rows,
        "One call of PGD (3 steps, random start) on a network in training mode with dropout, frozen BatchNorms, a "
        "frozen weight and a gradient of the user's; burnish refuses such a model unless it is told training=True.",
        packages=PACKAGES.values(),
    )


if __name__ == "__main__":
    main()
