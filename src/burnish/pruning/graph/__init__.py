"""Which channels of a model are one, and how to cut them out."""

from burnish.pruning.graph.graph import Graph
from burnish.pruning.graph.group import Counted, Group, Refusal, Slice
from burnish.pruning.graph.masking import MaskedTwin, masked_twin
from burnish.pruning.graph.surgery import Steps, remove_, remove_all_, replay_
from burnish.pruning.graph.tracing import groups, trace

__all__ = [
    "Counted",
    "Graph",
    "Group",
    "MaskedTwin",
    "Refusal",
    "Slice",
    "Steps",
    "groups",
    "masked_twin",
    "remove_",
    "remove_all_",
    "replay_",
    "trace",
]
