"""A program as one ONNX file, for onnxruntime and whatever else reads the format."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.export import ExportedProgram

from burnish.common.errors import InputError
from burnish.verbs.exporting.comparing import Answer

_MOST_BYTES = 2**31 - 2**24
"""A protobuf message holds less than 2 GiB."""


def content_of(program: ExportedProgram, about: str) -> bytes:
    """The bytes of an ``.onnx`` file, with weights inside.

    Args:
        program: from :func:`burnish.verbs.exporting.tracing.traced`.
        about: a text that travels in the file, among its metadata under ``burnish``.

    Raises:
        InputError: the weights are too large for the format, or an operator has no counterpart in it.
    """
    size = sum(tensor.numel() * tensor.element_size() for tensor in program.state_dict.values())
    if size > _MOST_BYTES:
        raise InputError(f"an ONNX file holds up to 2 GB of weights, these are {size / 1e9:.3g} GB: use --to torch")
    try:
        with _quiet():
            made: Any = torch.onnx.export(
                program, dynamo=True, verbose=False, input_names=["inputs"], output_names=_names(program)
            )
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"torch cannot write this model as ONNX: {reason}; use --to torch") from error
    for node in made.model.graph.all_nodes():
        node.metadata_props.clear()  # lines of the code on this machine
    made.model.metadata_props["burnish"] = about
    content: bytes = made.model_proto.SerializeToString()
    return content


def read(content: bytes) -> Answer:
    """What a file answers in onnxruntime, on one CPU thread.

    Raises:
        InputError: onnxruntime cannot run it.
    """
    import onnxruntime  # type: ignore[import-untyped]

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3  # its optimiser reports what it left alone
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"onnxruntime cannot run the exported model: {reason}; use --to torch") from error
    name = session.get_inputs()[0].name

    def answer(inputs: Tensor) -> list[Tensor]:
        return [torch.from_numpy(output) for output in session.run(None, {name: inputs.cpu().numpy()})]

    return answer


def _names(program: ExportedProgram) -> list[str]:
    """``outputs``, or where there are several ``outputs_0`` and so on."""
    count = len(program.graph_signature.user_outputs)
    return ["outputs"] if count == 1 else [f"outputs_{place}" for place in range(count)]


@contextmanager
def _quiet() -> Iterator[None]:
    """Torch's exporter warns about itself and about packages that nothing here uses."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
