"""Sparse layers in place of dense ones, where a measurement on this machine says that they are faster."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.common.module_state import evaluating
from burnish.common.seeding import preserved_rng
from burnish.models.count import call_arguments
from burnish.models.latency import Latency, compare_latency, measure_latency
from burnish.pruning.weights.mask import Mask, bake_
from burnish.pruning.weights.semi_structured import has_two_of_four, semi_structured
from burnish.pruning.weights.sparse_layers import SparseConv2d, SparseLinear

_GAIN = 0.95
_LEAST_SPARSITY = 0.5
_TOLERANCE = 1e-5


@dataclass(frozen=True)
class LayerChoice:
    """What became of one layer: its form, and the milliseconds of both; None where only one could be measured.

    ``why`` is said where a layer stays dense.
    """

    name: str
    sparsity: float
    form: str
    dense_ms: float | None
    sparse_ms: float | None
    why: str = ""

    def __str__(self) -> str:
        times = f"{self.dense_ms:.3g} -> {self.sparse_ms:.3g} ms" if self.dense_ms and self.sparse_ms else ""
        return "  ".join(part for part in (self.name, f"{self.sparsity:.1%} zeros", self.form, times, self.why) if part)


@dataclass(frozen=True)
class SparseInference:
    """A model that is as fast as its zeros allow here.

    Attributes:
        model: a copy; dense through and through where nothing was faster.
        layers: a row a layer that could be sparse.
        dense: latency of the dense model.
        sparse: latency of ``model``; that of the dense one where they are the same.
        difference: largest difference of the outputs, as a share of the largest output (of 1, if that is smaller).
    """

    model: nn.Module
    layers: tuple[LayerChoice, ...]
    dense: Latency
    sparse: Latency
    difference: float

    @property
    def replaced(self) -> tuple[str, ...]:
        """Names of the layers that are sparse now."""
        return tuple(layer.name for layer in self.layers if layer.form != "dense")

    def __str__(self) -> str:
        lines = [str(layer) for layer in self.layers]
        verdict = f"{len(self.replaced)} of {len(self.layers)} layers sparse" if self.replaced else "stays dense"
        return "\n".join([*lines, f"model: {verdict}, {self.dense} -> {self.sparse}"])


def sparse_inference(
    model: nn.Module, example: Any, *, repeats: int = 15, threads: int | None = None
) -> SparseInference:
    """A copy of a pruned model whose linear layers and convolutions skip their zeros, each only where that is faster.

    Every layer with at least half of its weights zero is timed on the input that it gets from the example, dense and
    sparse in turns; sparse has to win by 5 %, and to give the same output within 1e-5. Then the whole model is timed
    with what won; if it is not faster, the dense one is returned. All this holds for this batch size, machine and
    number of threads.

    On a CPU sparse is CSR, in float32 or float64. On CUDA 16 bit linear layers with two of four weights are tried too.

    Args:
        model: any module, with masks or baked; it is not changed.
        example: its input, as :func:`burnish.models.count` takes it, with the batch size to be fast for.
        repeats: timed forwards of each form.
        threads: CPU threads of torch meanwhile; by default those that torch has.

    Raises:
        InputError: no layer has enough zeros, or the model is on the meta device.

    >>> layer = nn.Linear(400, 400)
    >>> _ = layer.weight.data.masked_fill_(torch.rand(400, 400) < 0.99, 0)
    >>> sparse_inference(nn.Sequential(layer), torch.zeros(16, 400)).replaced
    ('0',)
    """
    threads = torch.get_num_threads() if threads is None else threads
    dense = copy.deepcopy(model)
    if any(isinstance(part, Mask) for part in dense.modules()):
        bake_(dense)
    names = [name for name, part in dense.named_modules() if type(part) in (nn.Linear, nn.Conv2d)]
    zeros = {name: _zeros(dense.get_submodule(name)) for name in names}
    if not any(share >= _LEAST_SPARSITY for share in zeros.values()):
        most = f"the most is {max(zeros.values()):.1%}" if zeros else "it has no linear layer and no convolution"
        raise InputError(
            f"no layer of {type(model).__name__} has half of its weights zero ({most}): prune it first, with sparsify_"
        )
    seen, expected = _watch(dense, names, example)
    forms: dict[str, nn.Module] = {}
    choices = []
    for name in names:
        choice, form = _choose(name, dense.get_submodule(name), zeros[name], seen.get(name), repeats, threads)
        choices.append(choice)
        if form is not None:
            forms[name] = form
    if not forms:
        before = measure_latency(dense, example, repeats=repeats, threads=threads)
        return SparseInference(dense, tuple(choices), before, before, 0.0)
    sparse = copy.deepcopy(dense)
    for name, form in forms.items():
        if name:
            sparse.set_submodule(name, form)
        else:
            sparse = form
    difference = _difference(_run(sparse, example), expected)
    ratio, before, after = compare_latency(dense, sparse, example, repeats=repeats, threads=threads)
    tolerance = max(_tolerance(form) for form in forms.values())
    if ratio >= 1 or not difference <= tolerance:
        why = "the whole model is not faster" if difference <= tolerance else "the outputs of the model differ"
        choices = [LayerChoice(c.name, c.sparsity, "dense", c.dense_ms, c.sparse_ms, c.why or why) for c in choices]
        return SparseInference(dense, tuple(choices), before, before, 0.0)
    return SparseInference(sparse, tuple(choices), before, after, difference)


def _zeros(layer: nn.Module) -> float:
    weight = layer.weight
    assert isinstance(weight, Tensor)
    return 1 - int(weight.count_nonzero()) / max(weight.numel(), 1)


def _run(model: nn.Module, example: Any) -> Any:
    arguments, keywords = call_arguments(model, example)
    with preserved_rng(), evaluating(model):
        return model(*arguments, **keywords)


def _watch(model: nn.Module, names: list[str], example: Any) -> tuple[dict[str, Tensor], Any]:
    """The first input that each layer gets, and what the model answers."""
    seen: dict[str, Tensor] = {}

    def keep(name: str) -> Callable[[nn.Module, tuple[Any, ...]], None]:
        def once(layer: nn.Module, given: tuple[Any, ...]) -> None:
            if name not in seen and given:
                seen[name] = given[0].clone()

        return once

    handles = [model.get_submodule(name).register_forward_pre_hook(keep(name)) for name in names]
    try:
        answer = _run(model, example)
    finally:
        for handle in handles:
            handle.remove()
    return seen, answer


def _choose(
    name: str, layer: nn.Module, zeros: float, given: Tensor | None, repeats: int, threads: int
) -> tuple[LayerChoice, nn.Module | None]:
    """The row of a layer, and its sparse form where that wins."""
    if zeros < _LEAST_SPARSITY:
        return LayerChoice(name, zeros, "dense", None, None, "fewer than half of the weights are zero"), None
    if given is None:
        return LayerChoice(name, zeros, "dense", None, None, "it was not called"), None
    try:
        form, kind = _sparse_form(layer)
        output = _run(form, given)
    except (InputError, RuntimeError, NotImplementedError) as error:
        return LayerChoice(name, zeros, "dense", None, None, str(error).splitlines()[0]), None
    expected = _run(layer, given)
    if not _difference(output, expected) <= _tolerance(form):
        return LayerChoice(name, zeros, "dense", None, None, "the sparse product differs too much"), None
    ratio, before, after = compare_latency(layer, form, given, repeats=repeats, threads=threads)
    if ratio > _GAIN:
        return LayerChoice(name, zeros, "dense", before.median, after.median, "sparse is not faster"), None
    return LayerChoice(name, zeros, kind, before.median, after.median), form


def _sparse_form(layer: nn.Module) -> tuple[nn.Module, str]:
    weight = layer.weight
    assert isinstance(weight, Tensor)
    if isinstance(layer, nn.Linear) and weight.is_cuda and weight.element_size() == 2 and has_two_of_four(weight):
        return semi_structured(layer), "2:4"
    if weight.dtype not in (torch.float32, torch.float64):
        raise InputError(f"CSR products take float32 or float64, not {weight.dtype}")
    form = SparseLinear(layer) if isinstance(layer, nn.Linear) else SparseConv2d(layer)  # type: ignore[arg-type]
    return form.train(layer.training), "CSR"


def _tolerance(form: nn.Module) -> float:
    return _TOLERANCE if isinstance(form, SparseLinear | SparseConv2d) else 1e-2  # 16 bit rounds to 2 or 3 digits


def _difference(found: Any, expected: Any) -> float:
    """Largest difference of any tensor in two nests of them, as a share of its largest number if that is above 1."""
    leaves = torch.utils._pytree.tree_leaves
    worst = 0.0
    for one, other in zip(leaves(found), leaves(expected), strict=True):
        if isinstance(one, Tensor) and one.numel():
            scale = max(1.0, float(other.abs().max()))
            worst = max(worst, float((one - other).abs().max()) / scale)
    return worst
