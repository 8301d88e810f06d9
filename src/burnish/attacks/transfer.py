"""Whether inputs that fool one model fool another, and whether noise of their size would have done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor, nn

from burnish.attacks.attack import Attack
from burnish.attacks.black_box.predictor import Predictor
from burnish.attacks.control import noise_of_equal_size
from burnish.attacks.norms import Norm
from burnish.attacks.result import AttackResult
from burnish.common.errors import InputError
from burnish.common.intervals import Estimate, proportion
from burnish.common.seeding import generator, preserved_rng


@dataclass(frozen=True)
class Transfer:
    """What inputs that were made on one model do to another, the target.

    Attributes:
        clean: accuracy of the target without any change.
        success: share of the samples that the target got right and gets wrong when attacked.
        noise: the same under random noise of equal size: the control.
        source: share of the samples that fool the model on which they were made, of those that it got right.
        distance: mean size of the perturbation in ``norm``.
        norm: of the distance.
    """

    clean: Estimate
    success: Estimate
    noise: Estimate
    source: Estimate
    distance: float
    norm: Norm

    def to_dict(self) -> dict[str, Any]:
        """Plain data for a JSON file."""
        estimates = {name: plain(getattr(self, name)) for name in ("clean", "success", "noise", "source")}
        return {**estimates, "distance": self.distance, "norm": self.norm}


def transfer_attack(
    attack: Attack,
    predict: Predictor | Callable[[Any], Any],
    inputs: Tensor,
    labels: Tensor,
    *,
    confidence: float = 0.95,
) -> Transfer:
    """Attack one model and judge on another, of which only the answers are needed.

    Source: Papernot, McDaniel and Goodfellow 2016, "Transferability in machine learning", arXiv:1605.07277. Every
    sample is attacked to the end, also where the source is wrong already: what only just fools it seldom goes further.

    Args:
        attack: on the source, a substitute for example; ``skip_wrong`` and ``early_stop`` are switched off.
        predict: the target, a function or module from a batch to labels or scores.
        inputs: ``(N, *)``.
        labels: the true classes ``(N,)``.
        confidence: of the intervals.

    Raises:
        InputError: what the attack refuses, or the target does not answer.

    >>> import torch
    >>> from burnish.attacks import FGSM
    >>> model = nn.Linear(2, 2).eval()
    >>> x = torch.rand(50, 2)
    >>> found = transfer_attack(FGSM(model, eps=0.5), model, x, model(x).argmax(1))
    >>> found.success == found.source
    True
    """
    result, noisy = _made(attack, inputs, labels)
    target = predict if isinstance(predict, Predictor) else Predictor(predict)
    with preserved_rng():
        right, attacked, shaken = (target(x) == labels for x in (inputs, result.inputs, noisy))
    return Transfer(
        clean=proportion(int(right.sum()), len(right), confidence),
        success=proportion(int((right & ~attacked).sum()), int(right.sum()), confidence),
        noise=proportion(int((right & ~shaken).sum()), int(right.sum()), confidence),
        source=result.fooling_rate(confidence),
        distance=result.distance.mean().item(),
        norm=attack.norm,
    )


@dataclass(frozen=True)
class TransferMatrix:
    """Robust accuracy of every model under what was made on every model.

    Attributes:
        names: of the models, in the order of rows and columns.
        clean: accuracy of each without any change.
        robust: ``robust[i][j]`` is the accuracy of model j on what was made on model i.
        noise: the same under random noise of the size that the attack on model i needed: the control.
        distance: mean size of what was made on each.
        norm: of the distance.
        attack: its name.
    """

    names: tuple[str, ...]
    clean: tuple[Estimate, ...]
    robust: tuple[tuple[Estimate, ...], ...]
    noise: tuple[tuple[Estimate, ...], ...]
    distance: tuple[float, ...]
    norm: Norm
    attack: str

    def to_dict(self) -> dict[str, Any]:
        """Plain data for a report or a JSON file."""
        return {
            "names": list(self.names),
            "clean": [plain(one) for one in self.clean],
            "robust": [[plain(one) for one in row] for row in self.robust],
            "noise": [[plain(one) for one in row] for row in self.noise],
            "distance": list(self.distance),
            "norm": self.norm,
            "attack": self.attack,
        }


def transfer_matrix(
    models: Mapping[str, nn.Module],
    make: Callable[[nn.Module], Attack],
    inputs: Tensor,
    labels: Tensor,
    *,
    confidence: float = 0.95,
) -> TransferMatrix:
    """Attack every model, and show what was made to every model.

    Each model brings its own input layer, so the same pixels go into all of them. Every sample is attacked to the end,
    see :func:`transfer_attack`.

    Source: Papernot, McDaniel and Goodfellow 2016, "Transferability in machine learning", arXiv:1605.07277, section 3.

    Args:
        models: by name, in evaluation mode.
        make: the attack on a model, ``lambda model: PGD(model, eps=8 / 255)`` for example.
        inputs: ``(N, *)`` within the bounds of the attack.
        labels: the true classes ``(N,)``.
        confidence: of the intervals.

    Raises:
        InputError: no models, something that is no attack, or what the attack refuses.

    >>> import torch
    >>> from burnish.attacks import FGSM
    >>> models = {"a": nn.Linear(2, 2).eval(), "b": nn.Linear(2, 2).eval()}
    >>> found = transfer_matrix(models, lambda model: FGSM(model, eps=0.1), torch.rand(8, 2), torch.zeros(8).long())
    >>> found.names, len(found.robust), len(found.robust[0])
    (('a', 'b'), 2, 2)
    """
    if not models:
        raise InputError("a transfer matrix needs at least one model, got none")
    attacks = [make(model) for model in models.values()]
    for attack in attacks:
        if not isinstance(attack, Attack):
            raise InputError(f"make must give an attack for a model, got {type(attack).__name__}")
    judges = [Predictor(model, name=name) for name, model in models.items()]

    def accuracies(shown: Tensor) -> tuple[Estimate, ...]:
        with preserved_rng():
            return tuple(proportion(int((judge(shown) == labels).sum()), len(labels), confidence) for judge in judges)

    robust, noise, distance = [], [], []
    for attack in attacks:
        result, noisy = _made(attack, inputs, labels)
        robust.append(accuracies(result.inputs))
        noise.append(accuracies(noisy))
        distance.append(result.distance.mean().item())
    return TransferMatrix(
        names=tuple(models),
        clean=accuracies(inputs),
        robust=tuple(robust),
        noise=tuple(noise),
        distance=tuple(distance),
        norm=attacks[0].norm,
        attack=attacks[0].name,
    )


def _made(attack: Attack, inputs: Tensor, labels: Tensor) -> tuple[AttackResult, Tensor]:
    result = replace(attack, skip_wrong=False, early_stop=False).run(inputs, labels)
    random = generator(attack.seed, "noise of equal size")
    return result, noise_of_equal_size(inputs, result.inputs, attack.norm, attack.bounds, random)


def plain(found: Estimate) -> dict[str, float | int | None]:
    """An estimate as plain data; a share of nothing has the value None.

    >>> plain(proportion(1, 2))["value"]
    0.5
    """
    value = found.value if found.count else None
    return {"value": value, "low": found.low, "high": found.high, "count": found.count}
