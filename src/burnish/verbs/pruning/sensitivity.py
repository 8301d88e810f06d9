"""How much the score falls when each layer alone is cut."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

from burnish.common.errors import InputError
from burnish.data.loaders.loader import evaluation_loader
from burnish.verbs.fitting.preparing import prepare
from burnish.verbs.prune import Prune

RATIOS = (0.25, 0.5, 0.75)
_SAMPLES = 1024


@dataclass(frozen=True)
class Sensitivity:
    """Scores of a run's model with one layer cut.

    Attributes:
        metric: which score.
        whole: of the model as it is.
        count: samples that it was measured on.
        layers: by name: channels, and the score at each of :data:`RATIOS`.
    """

    metric: str
    whole: float
    count: int
    layers: dict[str, tuple[int, tuple[float, ...]]]


def sensitivity_of(options: Prune) -> Sensitivity:
    """Score the parent's model on validation as each group of filters alone is cut; nothing is trained or written.

    Raises:
        InputError: another level than filter, no validation split, or a criterion that cannot be used.
    """
    from burnish.pruning.criteria import create, score_groups
    from burnish.pruning.filters.plan import plan
    from burnish.pruning.graph import remove_all_, trace
    from burnish.verbs.pruning.rounds import calibration_of

    if options.level != "filter":
        raise InputError(f"sensitivity looks at filters, got level {options.level}: leave out --level")
    ready = prepare(options, None, None)
    validation = ready.data.validation
    if not len(validation):
        raise InputError("sensitivity needs a validation split, and these data have none: give --validation 0.1")
    model, task = ready.model.eval(), ready.task
    loader = evaluation_loader(validation)
    batches = [batch for _, batch in zip(range(_SAMPLES // 256), loader, strict=False)]
    metric = task.watched[0]

    def score(module: Any) -> float:
        return task.evaluate(module, batches).metrics[metric].value

    groups = trace(model, task.example(2)).groups(options.ignore)
    name = options.criterion or "l2"
    scores = score_groups(model, groups, create(name), batches=calibration_of(ready, options), task=task)
    found: dict[str, tuple[int, tuple[float, ...]]] = {}
    for group in groups:
        values = []
        for ratio in RATIOS:
            channels = plan([group], scores, ratio, round_to=1).get(group.name, [])
            cut = copy.deepcopy(model)
            if channels:
                remove_all_(cut, [(group, channels)])
            values.append(score(cut))
        found[group.name] = (group.count, tuple(values))
    return Sensitivity(metric, score(model), sum(len(batch) for batch in batches), found)
