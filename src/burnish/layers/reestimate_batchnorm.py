"""Measure the running statistics of batch normalisations anew, for weights that have changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from burnish.common.errors import InputError
from burnish.common.module_state import preserved_mode


def reestimate_batchnorm_(model: nn.Module, batches: Iterable[Tensor]) -> tuple[str, ...]:
    """Replace running means and variances by their exact averages over some batches.

    Source: Ioffe and Szegedy 2015, "Batch normalization", arXiv:1502.03167, algorithm 2, lines 8 to 11, with batches
    weighted by the values that they bring; Izmailov et al. 2018, arXiv:1803.05407, section 3.2, on why averaged weights
    need it. Pruned and quantised ones do as well.

    Normalisations use each batch's own statistics meanwhile; everything else is in evaluation mode, so that nothing is
    drawn, and no weight changes. Statistics of layers that no batch reaches stay. A normalisation in evaluation mode
    inside a model in training mode is frozen: it keeps its statistics. If anything fails, all of them are as before.

    Args:
        model: any module; only its running statistics change.
        batches: inputs ``(batch, ...)``, best drawn at random from the training split: a few thousand samples do.

    Returns:
        Names of the normalisations that were measured, in the order of the model.

    Raises:
        InputError: no normalisation to measure, no batch, or a batch too small to have a variance.

    >>> model = nn.Sequential(nn.BatchNorm1d(1)).eval()
    >>> reestimate_batchnorm_(model, [torch.tensor([[1.0], [3.0]]), torch.tensor([[5.0], [7.0]])])
    ('0',)
    >>> model[0].running_mean.item(), model[0].running_var.item()
    (4.0, 2.0)
    """
    found = {
        name: module
        for name, module in model.named_modules()
        if isinstance(module, _BatchNorm)
        and module.running_mean is not None
        and (module.training or not model.training)
    }
    if not found:
        raise InputError(
            f"{type(model).__name__} has no batch normalisation to measure: none, or only frozen ones (in evaluation "
            "mode inside a model in training mode) and ones without running statistics"
        )
    measured: dict[nn.Module, int] = {}
    before = {norm: ({key: t.clone() for key, t in norm.named_buffers()}, norm.momentum) for norm in found.values()}
    hooks = [norm.register_forward_pre_hook(_weigh(name, measured)) for name, norm in found.items()]
    parameter = next(model.parameters(), None)
    complete = False
    try:
        with preserved_mode(model, training=False), torch.no_grad():
            for norm in found.values():
                norm.training = True
            for batch in batches:
                if not isinstance(batch, Tensor):
                    raise InputError(
                        f"batches must be tensors, got {type(batch).__name__}: give the inputs alone, without targets"
                    )
                model(batch if parameter is None else batch.to(parameter.device))
        if not measured:
            raise InputError("no batch reached a batch normalisation: give at least one batch")
        complete = True
    finally:
        for hook in hooks:
            hook.remove()
        for norm, (buffers, momentum) in before.items():
            norm.momentum = momentum
            for key, value in buffers.items() if not complete else ():
                norm.get_buffer(key).copy_(value)
    return tuple(name for name, norm in found.items() if norm in measured)


def _weigh(name: str, measured: dict[nn.Module, int]) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
    """Before a normalisation runs, set its momentum to the share of this batch in all that it has seen."""

    def hook(norm: nn.Module, arguments: tuple[Tensor, ...]) -> None:
        assert isinstance(norm, _BatchNorm)
        values = arguments[0].numel() // norm.num_features
        if values < 2:
            raise InputError(f"'{name}' gets a single value a channel, which has no variance: use larger batches")
        if norm not in measured:
            norm.reset_running_stats()  # also drops what is not a number
        measured[norm] = measured.get(norm, 0) + values
        norm.momentum = values / measured[norm]

    return hook
