"""``burnish attack``: change inputs a little until a model errs, and say how often that works."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from burnish.verbs.interface.options import RunFolderOptions, build
from burnish.verbs.interface.outcome import Outcome

if TYPE_CHECKING:
    from torch import nn

    from burnish.runs import Run
    from burnish.verbs.attacking.robustness import Robustness


@dataclass(frozen=True, kw_only=True)
class Attack(RunFolderOptions):
    """Attack a run, any module, or a function that only answers; say how much accuracy is left.

    The result lands in the run's folder as robustness-SUITE-NORM-EPS.json, and 'burnish report' shows it. What is no
    run gets a folder of its own under --out. quick takes 1,000 samples and minutes on a small network; standard takes
    512 and up to some 100 times as long where a model withstands. An upper limit of the time is told before it starts.
    """

    subject: str = field(metadata={"positional": True})
    """Folder of a run, or package.module:name of an nn.Module or of a predict function, which needs --data."""
    suite: Literal["quick", "standard"] | None = None
    """quick: FGSM, PGD-10 and Square. standard: the AutoAttack recipe, the number to publish. [quick]"""
    attack: str | None = None
    """Attacks of your own choice instead of a suite, with commas: apgd-ce, apgd-dlr, apgd-t, bim, carlini-wagner,
    deepfool, fab, fab-t, fgsm, hop-skip-jump, least-likely, pgd, square."""
    eps: float | None = None
    """Largest change, of pixels in [0, 1] such as 8/255. Default: 8/255 in linf, 0.5 in l2, 12 in l1."""
    norm: Literal["linf", "l2", "l1"] = "linf"
    """How a change is measured: largest pixel, Euclidean length, or sum."""
    steps: int | None = None
    """Gradient steps of the attacks that take some."""
    restarts: int | None = None
    """Random starts of the attacks that take some."""
    queries: int | None = None
    """Answers that an attack may ask for: of each sample, or with --black-box substitute of all together."""
    curve: tuple[float, ...] | None = None
    """Sizes to draw accuracy over, as in 0,2/255,4/255,8/255. Default for quick: up to twice eps. 0 for none."""
    transfer_to: tuple[Path, ...] = ()
    """Other runs on the same data: what fools one model is shown to all of them."""
    black_box: Literal["substitute", "hop-skip-jump"] | None = None
    """Use nothing but the classes that it answers: learn a substitute and attack that, or walk along the boundary."""
    data: str | None = None
    """Other data that fit the run; needed where the subject is no run."""
    split: Literal["train", "validation", "test", "all"] = "test"
    """Which split to attack; all is every sample of --data."""
    samples: int | None = None
    """How many, drawn at random. Default: 1,000, for standard 512, for a black box 256; all where there are fewer."""
    seed: int = 0
    """Decides the samples and everything random in the attacks."""
    confidence: float = 0.95
    """Level of the interval beside every accuracy."""
    batch_size: int = 128
    """Samples that go through the model together."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps."""
    trust: bool = False
    """Import and call the recorded module of a run whose model is your own."""
    quiet: bool = False
    """No progress on stderr."""


def attack(
    subject: Run | str | Path | nn.Module | Callable[[Any], Any],
    *,
    data: Any = None,
    model: nn.Module | None = None,
    **options: Any,
) -> Robustness:
    """Attack a model and say how much accuracy is left. Model, mode and random generators are left as they were.

    Args:
        subject: a run or its folder, a module, the import path of either, or a function from a batch ``(N, *)`` to
            labels or scores, of which the answers alone are used.
        data: what to attack it on; anything that :func:`burnish.data.load` takes. Runs bring their own.
        model: the run's module, where it is the user's own.
        options: the fields of :class:`Attack`, such as ``suite="quick", eps=8 / 255``.

    Returns:
        ``.robust_accuracy`` and ``.clean_accuracy`` with intervals, ``.attacks``, ``.classes``, ``.curve``,
        ``.findings`` and ``.inputs``, the attacked samples.

    Raises:
        InputError: no such run, data that do not fit, an eps in units of 0 to 255, or a model that cannot be attacked.
    """
    from burnish.runs import Run
    from burnish.verbs.attacking.attacking import attacked

    place = subject.path if isinstance(subject, Run) else subject
    named = str(place) if isinstance(place, str | Path) else type(subject).__name__
    if isinstance(data, str | Path):
        options, data = {**options, "data": str(data)}, None
    return attacked(build(Attack, subject=named, **options), subject, data, model)


def command(options: Attack) -> Outcome:
    """Attack from the shell."""
    from burnish.verbs.attacking.attacking import attacked
    from burnish.verbs.attacking.telling import told

    found = attacked(options, options.subject, None, None)
    kept = {name: value for name, value in found.to_dict().items() if name != "examples"}
    return Outcome(told(found), {"run": str(found.run), **kept, "robustness": str(found.file)})
