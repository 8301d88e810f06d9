"""Building blocks on torch alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from burnish.common.lazy_names import lazy_names

if TYPE_CHECKING:
    from burnish.layers.activations import activation
    from burnish.layers.attention import MultiHeadAttention, attend
    from burnish.layers.conv_arithmetic import (
        ReceptiveField,
        Window,
        output_size,
        receptive_field,
        same_padding,
        smallest_input,
        transposed_output_size,
    )
    from burnish.layers.deformable import DeformableConv2d, deform_conv2d
    from burnish.layers.denormalise import Denormalise
    from burnish.layers.depthwise_separable import DepthwiseSeparableConv2d
    from burnish.layers.fixed_filters import FixedFilter2d, gaussian, laplacian, sobel
    from burnish.layers.fold_batchnorm import fold_batchnorm_
    from burnish.layers.initialise import initialise_
    from burnish.layers.locally_connected import LocallyConnected2d
    from burnish.layers.normalise import Normalise
    from burnish.layers.reestimate_batchnorm import reestimate_batchnorm_
    from burnish.layers.squeeze_excite import SqueezeExcite
    from burnish.layers.stochastic_depth import StochasticDepth
    from burnish.layers.table_input import TableInput
    from burnish.layers.undrawn import undrawn

_HOMES = {
    "DeformableConv2d": "deformable",
    "Denormalise": "denormalise",
    "DepthwiseSeparableConv2d": "depthwise_separable",
    "FixedFilter2d": "fixed_filters",
    "LocallyConnected2d": "locally_connected",
    "MultiHeadAttention": "attention",
    "Normalise": "normalise",
    "ReceptiveField": "conv_arithmetic",
    "SqueezeExcite": "squeeze_excite",
    "StochasticDepth": "stochastic_depth",
    "TableInput": "table_input",
    "Window": "conv_arithmetic",
    "activation": "activations",
    "attend": "attention",
    "deform_conv2d": "deformable",
    "fold_batchnorm_": "fold_batchnorm",
    "gaussian": "fixed_filters",
    "initialise_": "initialise",
    "laplacian": "fixed_filters",
    "output_size": "conv_arithmetic",
    "receptive_field": "conv_arithmetic",
    "reestimate_batchnorm_": "reestimate_batchnorm",
    "same_padding": "conv_arithmetic",
    "smallest_input": "conv_arithmetic",
    "sobel": "fixed_filters",
    "transposed_output_size": "conv_arithmetic",
    "undrawn": "undrawn",
}

__all__ = [
    "DeformableConv2d",
    "Denormalise",
    "DepthwiseSeparableConv2d",
    "FixedFilter2d",
    "LocallyConnected2d",
    "MultiHeadAttention",
    "Normalise",
    "ReceptiveField",
    "SqueezeExcite",
    "StochasticDepth",
    "TableInput",
    "Window",
    "activation",
    "attend",
    "deform_conv2d",
    "fold_batchnorm_",
    "gaussian",
    "initialise_",
    "laplacian",
    "output_size",
    "receptive_field",
    "reestimate_batchnorm_",
    "same_padding",
    "smallest_input",
    "sobel",
    "transposed_output_size",
    "undrawn",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
