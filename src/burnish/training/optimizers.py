"""The update rules by name: torch's where it has one, in its fastest form for the device."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Literal, get_args

import torch
from torch import nn
from torch.optim import Optimizer

from burnish.common.errors import InputError, unknown
from burnish.training.freezing import stage_rates
from burnish.training.newton_cg import NewtonCG
from burnish.training.options import OptimizerName

LINE_SEARCH: frozenset[OptimizerName] = frozenset({"lbfgs", "newton-cg"})
"""Rules that choose the length of their step themselves: no schedule, no decay inside, and a closure."""

_USUAL_RATES: dict[OptimizerName, float] = {
    "sgd": 0.1,
    "momentum": 0.01,
    "nesterov": 0.01,
    "adagrad": 0.01,
    "rmsprop": 0.001,
    "adam": 0.001,
    "adamw": 0.001,
    "lbfgs": 1.0,
    "newton-cg": 1.0,
}
_NORMALISATIONS = (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)


def default_learning_rate(name: OptimizerName) -> float:
    """The rate that an update rule usually starts from.

    Raises:
        InputError: no optimizer has this name.

    >>> default_learning_rate("adam")
    0.001
    """
    _check_name(name)
    return _USUAL_RATES[name]


def build_optimizer(
    name: OptimizerName,
    parameters: Iterable[nn.Parameter],
    *,
    learning_rate: float | None = None,
    momentum: float = 0.9,
    weight_decay: float = 0.0,
    module: nn.Module | None = None,
    layer_decay: float = 1.0,
) -> Optimizer:
    """An optimizer by name.

    Sources: sgd, Robbins and Monro 1951; momentum, Polyak 1964, eq. 9, in the form v = mu v + g, w = w - lr v, so that
    a new rate acts at once; nesterov, Sutskever et al. 2013, eq. 3 and 4, at the looked-ahead weights; adagrad, Duchi
    et al. 2011, figure 1; rmsprop, Tieleman and Hinton 2012, lecture 6.5, with their 0.9; adam, Kingma and Ba 2015,
    arXiv:1412.6980, algorithm 1; adamw, Loshchilov and Hutter 2019, arXiv:1711.05101, algorithm 2 (decay times the
    rate); lbfgs, Nocedal and Wright 2006, algorithm 7.5 with a strong Wolfe search; newton-cg, see :class:`NewtonCG`.

    The form on the CPU was chosen by measurement: one fused kernel for all parameters of a group, 2 to 4 times faster
    than one tensor after another for Adam, and multi-tensor kernels where there is no fused one (rmsprop).

    Args:
        name: the update rule.
        parameters: what to train; their order is kept, so a saved state fits again.
        learning_rate: peak rate; by default :func:`default_learning_rate`.
        momentum: share of the last update that momentum and nesterov keep, in [0, 1); the other rules do not read it.
        weight_decay: pull of weights (two dimensions or more) towards zero; biases and normalisation are left alone.
            Without it there is a single parameter group, with it the first group decays and the second does not.
        module: the module of the parameters, if given, so that normalisation over several dimensions is recognised.
        layer_decay: factor on the rate from each stage of the module to the one before it, see
            :func:`burnish.training.freezing.stage_rates`; makes a group or two a stage. A layer that has a
            ``learning_rate_factor`` (the offsets of a deformable convolution) learns at that share of the rate.

    Raises:
        InputError: the name is unknown, a number is out of range, there is nothing to train, or decay was asked of a
            rule with a line search.

    >>> layer = nn.Linear(2, 1)
    >>> [len(group["params"]) for group in build_optimizer("adamw", layer.parameters(), weight_decay=0.1).param_groups]
    [1, 1]
    """
    _check_name(name)
    rate = _USUAL_RATES[name] if learning_rate is None else learning_rate
    if not (rate > 0 and math.isfinite(rate)):
        raise InputError(f"learning_rate must be above 0, got {rate}: {name} usually takes {_USUAL_RATES[name]}")
    if not 0 <= momentum < 1:
        raise InputError(f"momentum must lie in [0, 1), got {momentum}: 0.9 is usual")
    if not (weight_decay >= 0 and math.isfinite(weight_decay)):
        raise InputError(f"weight_decay must be 0 or more, got {weight_decay}: 0.0005 is usual for sgd, 0.05 for adamw")
    if weight_decay and name in LINE_SEARCH:
        raise InputError(
            f"weight_decay {weight_decay} does not go with {name}, whose line search must see the whole objective: "
            f"use --l2 {weight_decay} instead"
        )
    given = list(parameters)
    if not given:
        raise InputError(f"{name} was given no parameters: the model has none, or all of them are frozen")

    if name == "lbfgs":
        return torch.optim.LBFGS(given, lr=rate, history_size=10, line_search_fn="strong_wolfe")
    if name == "newton-cg":
        return NewtonCG(given, learning_rate=rate)

    groups = _groups(given, weight_decay, module)
    factors = _rate_factors(module, layer_decay) if module is not None else {}
    if factors:
        groups = _by_rate(groups, rate, factors)
    fast: dict[str, Any] = {"fused": True} if _can_fuse(name, given) else {"foreach": True}
    if name == "sgd":
        return torch.optim.SGD(groups, lr=rate, **fast)
    if name == "momentum":
        return torch.optim.SGD(groups, lr=rate, momentum=momentum, **fast)
    if name == "nesterov":
        return torch.optim.SGD(groups, lr=rate, momentum=momentum, nesterov=momentum > 0, **fast)
    if name == "adagrad":
        return torch.optim.Adagrad(groups, lr=rate, **fast)
    if name == "rmsprop":
        return torch.optim.RMSprop(groups, lr=rate, alpha=0.9, foreach=True)
    return (torch.optim.Adam if name == "adam" else torch.optim.AdamW)(groups, lr=rate, **fast)


def closure_kind(optimizer: Optimizer) -> Literal["none", "backward", "graph"]:
    """What ``optimizer.step`` wants: nothing, or one of two kinds of closure.

    ``backward``: the closure clears the gradients, computes the loss, calls ``backward`` and returns the loss.
    ``graph``: the closure only returns the loss; it is called again without gradients while searching along a line.

    >>> closure_kind(build_optimizer("lbfgs", nn.Linear(2, 1).parameters()))
    'backward'
    """
    if isinstance(optimizer, NewtonCG):
        return "graph"
    return "backward" if isinstance(optimizer, torch.optim.LBFGS) else "none"


def _check_name(name: str) -> None:
    if name not in _USUAL_RATES:
        raise unknown("optimizer", name, get_args(OptimizerName))


def _groups(parameters: list[nn.Parameter], weight_decay: float, module: nn.Module | None) -> list[dict[str, Any]]:
    if not weight_decay:
        return [{"params": parameters, "weight_decay": 0.0}]  # each further group costs a kernel call a step
    inside_normalisation = {
        id(parameter)
        for part in (module.modules() if module is not None else ())
        if isinstance(part, _NORMALISATIONS)
        for parameter in part.parameters(recurse=False)
    }
    decays = [parameter.ndim >= 2 and id(parameter) not in inside_normalisation for parameter in parameters]
    weights = [parameter for parameter, decay in zip(parameters, decays, strict=True) if decay]
    rest = [parameter for parameter, decay in zip(parameters, decays, strict=True) if not decay]
    groups = [{"params": weights, "weight_decay": weight_decay}, {"params": rest, "weight_decay": 0.0}]
    return [group for group in groups if group["params"]]


def _rate_factors(module: nn.Module, layer_decay: float) -> dict[int, float]:
    """Factor on the rate by id of parameter: of its stage, times that of its layers; empty where all are 1."""
    factors: dict[int, float] = {}
    if layer_decay != 1.0:
        stages = stage_rates(module, layer_decay)
        factors = {id(parameter): stages[name] for name, parameter in module.named_parameters()}
    for part in module.modules():
        own = getattr(part, "learning_rate_factor", 1.0)
        if own != 1.0:
            factors |= {id(parameter): own * factors.get(id(parameter), 1.0) for parameter in part.parameters()}
    return factors


def _by_rate(groups: list[dict[str, Any]], rate: float, factors: dict[int, float]) -> list[dict[str, Any]]:
    """Each group divided by the rates of its members, the highest rate first."""
    divided = []
    for group in groups:
        own = [factors.get(id(parameter), 1.0) for parameter in group["params"]]
        for wanted in sorted(set(own), reverse=True):
            members = [parameter for parameter, factor in zip(group["params"], own, strict=True) if factor == wanted]
            divided.append({**group, "params": members, "lr": rate * wanted})
    return divided


def _can_fuse(name: OptimizerName, parameters: list[nn.Parameter]) -> bool:
    if not all(parameter.is_floating_point() for parameter in parameters):
        return False
    if name not in ("adam", "adamw") and any(hasattr(parameter, "full_tensor") for parameter in parameters):
        return False  # sharded: torch knows how to split the fused kernel of Adam alone
    kinds = {parameter.device.type for parameter in parameters}
    return kinds <= ({"cpu"} if name == "adagrad" else {"cpu", "cuda", "mps"})
