"""Which module's output goes where, found without running anything."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

from torch import fx, nn

_Kinds = tuple[type[nn.Module], ...]


def sole_followers(model: nn.Module, first: _Kinds, second: _Kinds) -> list[tuple[nn.Module, nn.Module]]:
    """Pairs of modules of which the second sees nothing but the first's output, and nothing else sees that.

    The forward is followed with symbols in place of tensors (:mod:`torch.fx`). A module whose Python code asks for more
    than a symbol can answer is passed over as a whole, and its parts are looked at one by one. A subclass that changes
    the forward of its kind is not of that kind.

    Args:
        model: any module.
        first: kinds of the modules in front.
        second: kinds of the modules behind.

    Returns:
        The pairs, in the order of the forward.

    >>> net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 4), nn.BatchNorm1d(4))
    >>> [pair[0].in_features for pair in sole_followers(net, (nn.Linear,), (nn.BatchNorm1d,))]
    [3]
    """
    leaves = {module for module in model.modules() if _is_plain(module, first) or _is_plain(module, second)}
    after: dict[nn.Module, set[nn.Module | None]] = {}
    before: dict[nn.Module, set[nn.Module | None]] = {}
    entered: set[nn.Module] = set()
    waiting = [model]
    while waiting:
        root = waiting.pop(0)
        if root in entered or root in leaves:
            continue
        entered.add(root)
        tracer = _Tracer(leaves)
        graph = tracer.follow(root)
        if graph is None:
            for child in root.children():  # called in ways that are not known
                after.setdefault(child, set()).add(None)
                before.setdefault(child, set()).add(None)
            waiting.extend(root.children())
            continue
        waiting.extend(tracer.opaque)
        for node in graph.nodes:
            if node.op == "get_attr":  # a weight used directly as well: neither order nor number of its uses is known
                owner = root.get_submodule(node.target.rpartition(".")[0])
                after.setdefault(owner, set()).add(None)
                before.setdefault(owner, set()).add(None)
            if node.op != "call_module":
                continue
            module = root.get_submodule(node.target)
            users = [_called(root, user) for user in node.users]
            after.setdefault(module, set()).add(users[0] if len(users) == 1 else None)
            sources = node.all_input_nodes
            before.setdefault(module, set()).add(_called(root, sources[0]) if len(sources) == 1 else None)
    pairs = []
    for module, followers in after.items():
        (follower, *others) = followers
        if others or follower is None or before[follower] != {module}:
            continue
        if _is_plain(module, first) and _is_plain(follower, second):
            pairs.append((module, follower))
    return pairs


def _is_plain(module: nn.Module, kinds: _Kinds) -> bool:
    return any(isinstance(module, kind) and type(module).forward is kind.forward for kind in kinds)


def _called(root: nn.Module, node: fx.Node) -> nn.Module | None:
    return root.get_submodule(str(node.target)) if node.op == "call_module" else None


class _Tracer(fx.Tracer):
    """Goes into every module that can be followed; :attr:`opaque` are those that cannot."""

    def __init__(self, leaves: set[nn.Module]) -> None:
        super().__init__()
        self.leaves = leaves
        self.opaque: list[nn.Module] = []

    def follow(self, root: nn.Module) -> fx.Graph | None:
        """The graph of a module's forward, its optional arguments left out; None where it cannot be followed."""
        parameters = inspect.signature(root.forward).parameters.values()
        optional = {p.name: p.default for p in parameters if p.default is not inspect.Parameter.empty}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about defaults that it cannot put into the graph
                return self.trace(root, concrete_args=optional or None)
        except Exception:
            return None

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        if m in self.leaves or m in self.opaque:
            return True
        holds = any(module in self.leaves for module in m.modules())
        return not holds or (super().is_leaf_module(m, module_qualified_name) and not list(m.children()))

    def call_module(self, m: nn.Module, forward: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        nodes, stack = set(self.graph.nodes), self.module_stack.copy()
        try:
            return super().call_module(m, forward, args, kwargs)
        except Exception:
            if self.is_leaf_module(m, ""):
                raise
            for node in reversed(list(self.graph.nodes)):
                if node not in nodes:
                    self.graph.erase_node(node)
            self.module_stack = stack
            self.opaque.append(m)
            return super().call_module(m, forward, args, kwargs)
