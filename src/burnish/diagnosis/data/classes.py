"""How the samples are spread over the classes."""

from __future__ import annotations

import math

import numpy as np

from burnish.diagnosis.data.finding import EXAMPLES, Example, Finding, counted
from burnish.diagnosis.data.samples import SPLITS, Samples

_UNEVEN = 3.0
_VERY_UNEVEN = 10.0
_FEW = 10


def class_findings(samples: Samples) -> list[Finding]:
    """Classes that are empty, absent from a split, small or few, for classification."""
    classes = samples.classes
    if not classes or not len(samples) or not bool((samples.labels >= 0).all()):
        return []
    sizes = np.stack([np.bincount(samples.labels[samples.splits == s], minlength=len(classes)) for s in range(3)])
    present = [split for split in range(3) if sizes[split].sum()]
    return [*_absent(sizes, present, classes), *_rare(sizes[0], classes), *_uneven(sizes[0], classes)]


def _absent(sizes: np.ndarray, present: list[int], classes: tuple[str, ...]) -> list[Finding]:
    unlearnt = [name for name, count in zip(classes, sizes[0], strict=True) if count == 0]
    untested = [
        (SPLITS[split], name)
        for split in present
        if split > 0
        for name, count, train in zip(classes, sizes[split], sizes[0], strict=True)
        if count == 0 and train > 0
    ]
    found = []
    if unlearnt:
        found.append(
            Finding(
                "class-not-in-training",
                "error",
                f"{counted(len(unlearnt), 'class has', 'classes have')} no training sample",
                len(unlearnt),
                len(unlearnt) / len(classes),
                "The model can never predict it, or only at random.",
                "Give train samples of it, or leave the class out.",
                tuple(Example(note=name) for name in unlearnt[:EXAMPLES]),
                "classes",
            )
        )
    if untested:
        lacking = len({name for _, name in untested})
        found.append(
            Finding(
                "class-not-held-out",
                "warning",
                f"{counted(lacking, 'class is', 'classes are')} missing in a held-out split",
                lacking,
                lacking / len(classes),
                "Scores say nothing about it.",
                "Hold out samples of every class.",
                tuple(Example(note=f"'{name}' is not in {split}") for split, name in untested[:EXAMPLES]),
                "classes",
            )
        )
    return found


def _rare(train: np.ndarray, classes: tuple[str, ...]) -> list[Finding]:
    rare = [(int(count), name) for name, count in zip(classes, train, strict=True) if 0 < count < _FEW]
    if not rare:
        return []
    return [
        Finding(
            "rare-classes",
            "warning",
            f"{counted(len(rare), 'class has', 'classes have')} fewer than {_FEW} training samples",
            len(rare),
            len(rare) / len(classes),
            "So few teach little, and scores of the class mean little.",
            "Collect more of them, merge classes, or start from pretrained weights.",
            tuple(Example(note=f"{name}: {counted(count, 'sample')}") for count, name in sorted(rare)[:EXAMPLES]),
            "classes",
        )
    ]


def _uneven(train: np.ndarray, classes: tuple[str, ...]) -> list[Finding]:
    some = train[train > 0]
    if len(some) < 2 or some.max() < _UNEVEN * some.min():
        return []
    ratio = float(some.max() / some.min())
    shares = some / some.sum()
    effective = math.exp(-float((shares * np.log(shares)).sum()))
    majority = float(shares.max())
    order = np.argsort(-train, kind="stable")
    told = [*order[: EXAMPLES // 2], *order[EXAMPLES // 2 :][-EXAMPLES // 2 :]]
    return [
        Finding(
            "uneven-classes",
            "warning" if ratio >= _VERY_UNEVEN else "info",
            f"the largest class has {ratio:.3g} times the samples of the smallest",
            len(some),
            len(some) / len(classes),
            f"The {len(some)} classes are as uneven as {effective:.1f} equal ones; always answering "
            f"'{classes[int(train.argmax())]}' is right {majority:.1%} of the time.",
            "Judge by balanced accuracy or F1, not accuracy; weigh the loss by class, or collect more of the small.",
            tuple(Example(note=f"{classes[code]}: {counted(int(train[code]), 'sample')}") for code in told),
            "classes",
        )
    ]
