"""A program as one file that plain PyTorch reads."""

from __future__ import annotations

import io
import warnings

import torch
from torch import Tensor
from torch.export import ExportedProgram

from burnish.verbs.exporting.comparing import Answer

ABOUT = "burnish.json"
"""Name of what travels beside the program: ``torch.export.load(path, extra_files={"burnish.json": ""})`` reads it."""


def content_of(program: ExportedProgram, about: str) -> bytes:
    """The bytes of a ``.pt2`` file.

    Args:
        program: from :func:`burnish.verbs.exporting.tracing.traced`.
        about: a text that travels in the file.
    """
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)  # lines of the code on this machine
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's archive warns about itself
        torch.export.save(program, file, extra_files={ABOUT: about})
    return file.getvalue()


def read(content: bytes) -> Answer:
    """What a file answers.

    >>> from torch import nn
    >>> from burnish.verbs.exporting.tracing import traced
    >>> answer = read(content_of(traced(nn.ReLU(), torch.zeros(2, 1)), "{}"))
    >>> answer(torch.tensor([[-1.0], [2.0]]))[0].tolist()
    [[0.0], [2.0]]
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = torch.export.load(io.BytesIO(content)).module()

    def answer(inputs: Tensor) -> list[Tensor]:
        with torch.no_grad():
            return [leaf for leaf in torch.utils._pytree.tree_leaves(module(inputs)) if isinstance(leaf, Tensor)]

    return answer
