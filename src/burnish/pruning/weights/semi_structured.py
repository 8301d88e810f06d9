"""Two of every four weights, in the form that tensor cores of GPUs compute with."""

from __future__ import annotations

import copy

from torch import Tensor, nn

from burnish.common.errors import InputError


def has_two_of_four(weight: Tensor) -> bool:
    """Whether no four neighbours along the rows of a matrix hold more than two numbers.

    >>> import torch
    >>> has_two_of_four(torch.tensor([[1.0, 0.0, 2.0, 0.0]])), has_two_of_four(torch.ones(1, 4))
    (True, False)
    """
    if weight.ndim != 2 or weight.shape[1] % 4:
        return False
    return bool(((weight != 0).unflatten(1, (-1, 4)).sum(dim=2) <= 2).all())


def semi_structured(layer: nn.Linear) -> nn.Linear:
    """A copy of a linear layer that multiplies on sparse tensor cores, with half of the weights in memory.

    Source: Mishra et al. 2021, arXiv:2104.08378, section 2. Torch has such kernels on CUDA devices of compute
    capability 8.0 and later alone, for 16 bit weights; on a CPU the pattern saves space in a file, not time.

    Args:
        layer: on a CUDA device, in fp16 or bf16, pruned with ``pattern="2:4"`` and baked.

    Raises:
        InputError: the device, the type, the shape or the zeros do not fit.
    """
    from torch.sparse import to_sparse_semi_structured

    weight = layer.weight
    if weight.device.type != "cuda":
        raise InputError(
            f"products with two of four weights exist on CUDA devices alone, and this layer is on {weight.device}: "
            "move the model there, or use sparse_inference, which takes what is faster here"
        )
    if weight.element_size() != 2 or not weight.is_floating_point():
        raise InputError(f"products with two of four weights take fp16 or bf16, got {weight.dtype}: convert the model")
    if not has_two_of_four(weight):
        raise InputError('the weight holds more than two of four numbers: prune with pattern="2:4" and bake_ first')
    made = copy.deepcopy(layer)
    try:
        made.weight = nn.Parameter(to_sparse_semi_structured(weight.detach().contiguous()), requires_grad=False)
    except (RuntimeError, NotImplementedError, ValueError) as error:
        raise InputError(f"torch has no such product here: {str(error).splitlines()[0]}") from None
    return made
