"""Cut channels out of a model, and write down how, so that a fresh one can be cut alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.pruning.graph.group import Group
from burnish.pruning.graph.narrow_attention import NarrowMultiheadAttention

Steps = list[dict[str, Any]]
"""What was done to a model as plain data: which positions of which tensors stay, and which numbers changed."""

_NARROW = "narrow-attention"


def remove_(model: nn.Module, group: Group, channels: Sequence[int]) -> Steps:
    """Cut channels of one group out of a model; see :func:`remove_all_`.

    >>> from burnish.pruning.graph.tracing import groups
    >>> net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    >>> steps = remove_(net, groups(net, torch.zeros(1, 4))[0], [0, 5])
    >>> net[0].weight.shape, net[2].in_features
    (torch.Size([6, 4]), 6)
    """
    return remove_all_(model, [(group, channels)])


def remove_all_(model: nn.Module, removals: Iterable[tuple[Group, Sequence[int]]]) -> Steps:
    """Cut channels out of a model: parameters, buffers, gradients, and the sizes that its modules keep.

    Numbers of channels are those of the model as it was traced; after a call, trace again before the next. Parameters
    are new objects (an optimizer must be made anew) with the old ones' ``requires_grad``, type, device, memory format
    and attributes; tied ones stay tied.

    Args:
        model: what was traced, or a model of the same shapes.
        removals: groups with the numbers of the channels to remove.

    Returns:
        What :func:`replay_` needs to do the same to a fresh model.

    Raises:
        InputError: a channel that is not in its group, no channel that stays, nothing to remove, or a model whose
            shapes are not those of the groups.
    """
    steps = steps_for(model, removals)
    replay_(model, steps)
    return steps


def steps_for(model: nn.Module, removals: Iterable[tuple[Group, Sequence[int]]]) -> Steps:
    """What :func:`remove_all_` would do to a model, without doing it."""
    removed: dict[tuple[str, int], list[Tensor]] = {}
    fewer: dict[tuple[str, str, int | None], list[Tensor]] = {}
    gone: dict[int, set[int]] = {}
    for group, channels in removals:
        chosen = _checked(group, channels, gone.setdefault(id(group), set()))
        for part in group.slices:
            removed.setdefault((part.tensor, part.dim), []).append(part.index[chosen].flatten())
        for number in group.counted:
            goes = torch.isin(number.channels, torch.tensor(chosen))
            fewer.setdefault((number.module, number.name, number.place), []).append(number.positions[goes])
    if not removed:
        raise InputError("there is nothing to remove: give at least one group with at least one channel")
    steps: Steps = []
    tensors = _named(model)
    for (name, dim), positions in removed.items():
        if name not in tensors:
            raise InputError(f"the model has no tensor '{name}': trace this model before cutting it")
        size = tensors[name].shape[dim] if dim < tensors[name].ndim else 0
        going = torch.cat(positions).unique()
        if int(going.max()) >= size:
            raise InputError(
                f"'{name}' has {size} positions in dimension {dim}, and position {int(going.max())} should go: the "
                "model has changed since it was traced, trace it again"
            )
        kept = torch.ones(size, dtype=torch.bool)
        kept[going] = False
        if not kept.any():
            raise InputError(f"nothing of '{name}' would stay in dimension {dim}: remove fewer channels")
        steps.append({"tensor": name, "dim": dim, "size": size, "kept": kept.nonzero().flatten().tolist()})
    steps += _adopted(model, {name.rpartition(".")[0] for name, _ in removed} | {module for module, _, _ in fewer})
    for (module, attribute, place), gone_there in fewer.items():
        count = torch.cat(gone_there).unique().numel()
        if count:
            value = getattr(model.get_submodule(module), attribute)
            value = (value if place is None else value[place]) - count
            steps.append({"module": module, "attribute": attribute, "place": place, "value": value})
    return steps


def _checked(group: Group, channels: Sequence[int], gone: set[int]) -> list[int]:
    chosen = sorted({int(channel) for channel in channels})
    if not chosen:
        raise InputError(
            f"there is nothing to remove from {group.name}: give at least one of its {group.count} channels"
        )
    if chosen[0] < 0 or chosen[-1] >= group.count:
        wrong = chosen[0] if chosen[0] < 0 else chosen[-1]
        raise InputError(f"{group.name} has the channels 0 to {group.count - 1}, got {wrong}")
    gone.update(chosen)
    if len(gone) == group.count:
        raise InputError(f"all {group.count} channels of {group.name} would go: at least one must stay")
    return chosen


def _adopted(model: nn.Module, touched: set[str]) -> Steps:
    """Attentions of torch among the touched modules, or above them, that must become ones that can be narrow."""
    modules = dict(model.named_modules())
    found = [
        name
        for name, module in modules.items()
        if NarrowMultiheadAttention.fits(module) and any(f"{owner}.".startswith(_prefix(name)) for owner in touched)
    ]
    steps: Steps = [{"module": name, "class": _NARROW} for name in found]
    for name, module in modules.items():
        if isinstance(module, nn.TransformerEncoder) and any(inner.startswith(_prefix(name)) for inner in found):
            # Its fast path packs sequences into nested tensors, which only torch's own attention reads.
            steps.append({"module": name, "attribute": "use_nested_tensor", "place": None, "value": False})
    return steps


def _prefix(name: str) -> str:
    return f"{name}." if name else ""


def replay_(model: nn.Module, steps: Iterable[Mapping[str, Any]]) -> None:
    """Cut a fresh model as another one was cut, so that its state dict fits.

    Args:
        model: of the same code and shapes as the other was.
        steps: what :func:`remove_all_` returned.

    Raises:
        InputError: a step does not fit the model.

    >>> from burnish.pruning.graph.tracing import groups
    >>> one, other = (nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2)) for _ in range(2))
    >>> replay_(other, remove_(one, groups(one, torch.zeros(1, 4))[0], [1]))
    >>> _ = other.load_state_dict(one.state_dict())
    """
    owners: dict[int, list[tuple[nn.Module, str]]] = {}
    for module in model.modules():
        for name, tensor in (*module._parameters.items(), *module._buffers.items()):
            if tensor is not None:
                owners.setdefault(id(tensor), []).append((module, name))
    current = _named(model)
    for step in steps:
        try:
            if "tensor" in step:
                _cut_(current, owners, step)
            elif "class" in step:
                _adopt_(model.get_submodule(step["module"]), step["class"])
            else:
                _count_(model.get_submodule(step["module"]), step["attribute"], step["place"], step["value"])
        except (AttributeError, KeyError, TypeError) as error:
            raise InputError(f"the step {dict(step)} does not fit this {type(model).__name__}: {error}") from error


def _named(model: nn.Module) -> dict[str, Tensor]:
    return {**dict(model.named_parameters()), **dict(model.named_buffers())}


def _cut_(current: dict[str, Tensor], owners: dict[int, list[tuple[nn.Module, str]]], step: Mapping[str, Any]) -> None:
    name, dim, size = step["tensor"], step["dim"], step["size"]
    if name not in current:
        raise InputError(f"the model has no tensor '{name}': the steps belong to another model")
    old = current[name]
    if old.ndim <= dim or old.shape[dim] != size:
        raise InputError(f"'{name}' should have {size} positions in dimension {dim}, got {tuple(old.shape)}")
    kept = torch.tensor(step["kept"], dtype=torch.int64, device=old.device)
    new = _selected(old.detach(), dim, kept)
    if isinstance(old, nn.Parameter):
        fresh = nn.Parameter(new, requires_grad=old.requires_grad)
        fresh.__dict__.update(old.__dict__)
        if old.grad is not None:
            fresh.grad = _selected(old.grad, dim, kept)
        new = fresh
    for module, attribute in owners[id(old)]:
        if attribute in module._parameters:
            setattr(module, attribute, new)
        else:
            module._buffers[attribute] = new
    owners[id(new)] = owners.pop(id(old))
    current[name] = new  # a tied tensor has one name here


def _selected(tensor: Tensor, dim: int, kept: Tensor) -> Tensor:
    found = tensor.index_select(dim, kept)
    memory = {4: torch.channels_last, 5: torch.channels_last_3d}.get(tensor.ndim)
    if memory is None or tensor.is_contiguous() or not tensor.is_contiguous(memory_format=memory):
        return found
    return found.contiguous(memory_format=memory)


def _adopt_(module: nn.Module, name: str) -> None:
    if name != _NARROW or not isinstance(module, nn.MultiheadAttention):
        raise InputError(f"the steps want a {type(module).__name__} to be '{name}', which is not known")
    if not isinstance(module, NarrowMultiheadAttention):
        NarrowMultiheadAttention.adopt_(module)


def _count_(module: nn.Module, attribute: str, place: int | None, value: int) -> None:
    if place is None:
        getattr(module, attribute)
        setattr(module, attribute, value)
        return
    old = getattr(module, attribute)
    changed = [*old]
    changed[place] = value
    setattr(module, attribute, type(old)(changed))
