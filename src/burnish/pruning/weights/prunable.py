"""Which tensors of a model are weights that may be removed one by one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedParameter
from torch.nn.utils import parametrize

from burnish.common.errors import InputError, did_you_mean
from burnish.pruning.weights.mask import Mask, mask_of, refuse_strangers, stored

_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
_KEPT_WHOLE = (
    nn.Embedding,
    nn.EmbeddingBag,
    nn.LayerNorm,
    nn.GroupNorm,
    nn.RMSNorm,
    nn.modules.batchnorm._NormBase,
)
_NO_WEIGHT = re.compile(r"bias|embed|token|(^|_)pos", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Weight:
    """A weight, under the name that it has in a plain model.

    Attributes:
        name: as in ``named_parameters`` of the model without masks.
        owners: modules that hold the parameter, each with its name there; several where it is shared.
        input_dim: the dimension along which the inputs of one output lie.
        groups: of a transposed convolution, where outputs lie behind the inputs of their group; 1 elsewhere.
    """

    name: str
    owners: tuple[tuple[nn.Module, str], ...]
    input_dim: int = 1
    groups: int = 1

    @property
    def parameter(self) -> nn.Parameter:
        """What an optimizer holds."""
        return stored(*self.owners[0])

    @property
    def mask(self) -> Mask | None:
        """The mask that is over it."""
        return mask_of(*self.owners[0])

    @property
    def value(self) -> Tensor:
        """What the layer computes with, without gradients."""
        with torch.no_grad():
            return getattr(*self.owners[0]).detach()  # type: ignore[no-any-return]

    def by_output(self, tensor: Tensor) -> Tensor:
        """A tensor in the shape of this weight, or a copy of it, as ``(outputs, inputs of each)``."""
        if self.input_dim == 0:  # (in, out / groups, *kernel)
            tensor = tensor.unflatten(0, (self.groups, -1)).transpose(1, 2).flatten(0, 1)
        return tensor.flatten(1)


def prunable_weights(model: nn.Module, ignore: Iterable[str] = ()) -> list[Weight]:
    """Every weight that may lose single numbers, in the order of the model; a shared one comes once.

    A weight is a parameter with two dimensions or more, called so or with two longer than 1. Biases, normalisation,
    embeddings, tokens and tables of positions stay whole; an embedding that a linear layer shares counts as that
    layer's weight.

    Args:
        model: any module, with masks or without.
        ignore: names of modules, with all they hold, or of weights.

    Raises:
        InputError: a name to ignore does not exist, the model is on the meta device, not yet shaped or split over
            processes, a weight is parametrised, or nothing is left.

    >>> [weight.name for weight in prunable_weights(nn.Sequential(nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8)))]
    ['0.weight']
    """
    ignored = (ignore,) if isinstance(ignore, str) else tuple(ignore)
    _check_names(model, ignored)
    owners: dict[int, list[tuple[str, nn.Module, str]]] = {}
    for place, module in model.named_modules():
        for name in _names(module):
            full = f"{place}.{name}" if place else name
            if parametrize.is_parametrized(module, name) and mask_of(module, name) is None:
                if not _is_ignored(full, ignored):
                    refuse_strangers(module)
                continue
            owners.setdefault(id(stored(module, name)), []).append((full, module, name))
    weights = []
    for held in owners.values():
        fit = [(full, module) for full, module, name in held if _is_weight(module, name)]
        if fit and not any(_is_ignored(full, ignored) for full, _, _ in held):
            full, module = fit[0]
            _check_values(full, stored(*held[0][1:]))
            transposed = isinstance(module, _TRANSPOSED)
            groups = module.groups if isinstance(module, _TRANSPOSED) else 1
            weights.append(Weight(full, tuple(owner[1:] for owner in held), 0 if transposed else 1, groups))
    if not weights:
        raise InputError(
            f"{type(model).__name__} has no weights to remove"
            + (f" apart from what ignore={ignored} keeps" if ignored else "")
            + ": they are tensors of two dimensions or more outside normalisation and embeddings"
        )
    return weights


def _names(module: nn.Module) -> Iterator[str]:
    if isinstance(module, parametrize.ParametrizationList):
        return
    yield from (name for name, parameter in module._parameters.items() if parameter is not None)
    if parametrize.is_parametrized(module):
        yield from module.parametrizations  # type: ignore[misc]


def _is_weight(module: nn.Module, name: str) -> bool:
    parameter = stored(module, name)
    if isinstance(module, _KEPT_WHOLE) or _NO_WEIGHT.search(name):
        return False
    if isinstance(parameter, UninitializedParameter):
        return True
    if parameter.ndim < 2 or not parameter.is_floating_point():
        return False
    return "weight" in name or sum(size > 1 for size in parameter.shape) >= 2  # a scale of (channels, 1, 1) is none


def _is_ignored(full: str, ignored: tuple[str, ...]) -> bool:
    return any(full == name or full.startswith(f"{name}.") for name in ignored)


def _check_names(model: nn.Module, ignored: tuple[str, ...]) -> None:
    known = {name for name, _ in model.named_modules()} - {""}
    known |= {f"{place}.{name}".removeprefix(".") for place, module in model.named_modules() for name in _names(module)}
    for name in ignored:
        if name not in known:
            raise InputError(
                f"ignore names '{name}', which {type(model).__name__} does not have{did_you_mean(name, known)}: "
                "use names of its named_modules() or named_parameters()"
            )


def _check_values(name: str, parameter: nn.Parameter) -> None:
    if isinstance(parameter, UninitializedParameter):
        raise InputError(f"the weight '{name}' has no shape yet: run one forward before pruning")
    if parameter.is_meta:
        raise InputError(f"the weight '{name}' is on the meta device and has no values: build the model on a real one")
    if hasattr(parameter, "full_tensor"):
        raise InputError(f"the weight '{name}' is split over processes: prune the whole model before sharding it")
    if not parameter.isfinite().all():
        raise InputError(f"the weight '{name}' holds NaN or infinity: there is no smallest one to remove")
