"""Rules by the operators that they are for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from burnish.pruning.graph.rules.call import Call
from burnish.pruning.graph.rules.reshaping import Labels

Rule = Callable[[Call], Sequence[Labels]]
"""From a call to the channels of its outputs."""


def by_operator(rules: Mapping[Rule, str]) -> dict[Any, Rule]:
    """Rules by operator of torch.

    Args:
        rules: from a rule to the names of its operators, with spaces between; those that this torch has not are left
            out.

    >>> list(by_operator({lambda call: []: "relu no_such_operator"}))
    [<OpOverloadPacket(op='aten.relu')>]
    """
    return {
        getattr(torch.ops.aten, name): rule
        for rule, names in rules.items()
        for name in names.split()
        if hasattr(torch.ops.aten, name)
    }
