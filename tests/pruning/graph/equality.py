"""What every pruned model must be equal to."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn

from burnish.models.count import call_arguments
from burnish.pruning.graph import Graph, masked_twin, remove_all_, replay_, trace


def unsettled(model: nn.Module) -> nn.Module:
    """A model in double precision whose normalisations shift and scale, and in which nothing is random."""
    generator = torch.Generator().manual_seed(7)
    model = model.double()
    for parameter in model.parameters():
        if not parameter.any():  # heads of vision transformers start at zero
            nn.init.normal_(parameter, generator=generator)
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        if hasattr(module, "survival"):
            module.survival = 1.0
        for name in ("weight", "bias", "running_mean", "running_var"):
            tensor = getattr(module, name, None)
            if isinstance(tensor, torch.Tensor) and tensor.ndim == 1:
                with torch.no_grad():
                    tensor.copy_(torch.rand(tensor.shape, generator=generator, dtype=tensor.dtype) + 0.5)
    return model


def random_half(graph: Graph, seed: int = 0) -> list[tuple[Any, list[int]]]:
    """Half of the channels of every group, drawn at random."""
    generator = torch.Generator().manual_seed(seed)
    return [
        (group, torch.randperm(group.count, generator=generator)[: max(1, group.count // 2)].tolist())
        for group in graph.groups()
    ]


def assert_equal_to_its_twin(model: nn.Module, example: Any, tolerance: float = 1e-9) -> Graph:
    """Cut half of every group, and compare with the masked model in both modes and with a fresh model replayed.

    The pruned model has fewer parameters, and its outputs differ from the unpruned one's, so that neither an empty cut
    nor a masked twin that masks nothing passes.
    """
    model = unsettled(model)
    example = torch.utils._pytree.tree_map_only(
        torch.Tensor, lambda tensor: tensor.double() if tensor.is_floating_point() else tensor, example
    )
    graph = trace(model, example)
    removals = random_half(graph)
    assert removals, [str(refusal) for refusal in graph.refusals]
    twin = masked_twin(model, graph, removals)
    pruned, fresh = copy.deepcopy(model), copy.deepcopy(model)
    steps = remove_all_(pruned, removals)
    replay_(fresh, steps)
    fresh.load_state_dict(pruned.state_dict())
    assert _size(pruned) < _size(model)
    for training in (False, True):
        outputs = [_run(module, example, training) for module in (pruned, twin, copy.deepcopy(fresh), model)]
        for mine, masked, replayed in zip(*outputs[:3], strict=True):
            torch.testing.assert_close(mine, masked, rtol=tolerance, atol=tolerance)
            torch.testing.assert_close(mine, replayed, rtol=0, atol=0)
        assert any(not torch.allclose(one, other) for one, other in zip(outputs[0], outputs[3], strict=True))
    return graph


def _size(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def _run(model: nn.Module, example: Any, training: bool) -> list[torch.Tensor]:
    copied = copy.deepcopy(model).train(training)
    inner = copied.model if hasattr(copied, "_graph") else copied
    arguments, keywords = call_arguments(inner, copy.deepcopy(example))
    torch.manual_seed(0)  # paths drawn at random do not depend on shapes
    with torch.no_grad():
        output = copied(*arguments, **keywords)
    return [leaf for leaf in torch.utils._pytree.tree_leaves(output) if isinstance(leaf, torch.Tensor)]
