"""Published implementations to compare with, where they are installed; the test is skipped where not.

The wheels of torchvision are built for another torch, so two of its operators must be declared before it is imported.
Nothing in the package imports any of this.
"""

import functools
import importlib.util
import warnings

import pytest
import torch
from torch import nn

TOLERANCE = 1e-4
_kept = []


@functools.cache
def _torchvision():
    library = torch.library.Library("torchvision", "DEF")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _kept.append(library)  # its operators vanish with it
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import torchvision

        torchvision.extension._has_ops = lambda: True
        import torchvision.models
    return torchvision


def _need(package):
    if importlib.util.find_spec(package) is None:  # importing it would fail for want of its operators
        pytest.skip(f"{package} is not installed")


def torchvision_model(name, **options):
    """A model of torchvision with random weights; skips the test where torchvision is missing."""
    _need("torchvision")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _torchvision().models.get_model(name, weights=None, **options)


def timm_model(name, **options):
    """A model of timm with random weights; skips the test where timm or torchvision is missing."""
    _need("torchvision")
    _need("timm")
    _torchvision()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import timm

        return timm.create_model(name, pretrained=False, **options)


def perturb_(model):
    """Random statistics and scales for every normalisation, so that a forgotten one shows."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if name.endswith("running_var"):
                tensor.copy_(torch.rand(tensor.shape, generator=generator) + 0.5)
            elif name.endswith("running_mean"):
                tensor.copy_(torch.randn(tensor.shape, generator=generator) * 0.1)
            elif tensor.is_floating_point() and tensor.ndim == 1:
                tensor.add_(torch.randn(tensor.shape, generator=generator) * 0.05)
    return model


def without_randomness(model):
    """Dropout and dropped branches off, so that training mode compares batch statistics alone."""
    for module in model.modules():
        if isinstance(module, nn.modules.dropout._DropoutNd):
            module.p = 0.0
        for name in ("drop_prob", "p"):  # timm's DropPath, torchvision's StochasticDepth
            if type(module).__name__ in ("DropPath", "StochasticDepth") and hasattr(module, name):
                setattr(module, name, 0.0)
        if type(module).__name__ == "StochasticDepth" and hasattr(module, "survival"):
            module.survival = 1.0
    return model


def assert_same(ours, theirs, image, *, training=True):
    """Their weights in our model give their outputs: in evaluation, and in training mode with the same statistics.

    Auxiliary outputs are compared in order of depth.
    """
    without_randomness(ours)
    without_randomness(perturb_(theirs))
    ours.load_state_dict(ours.translate(theirs.state_dict()))
    for mode in (False, True) if training else (False,):
        with torch.no_grad():
            expected, found = _outputs(theirs.train(mode)(image)), _outputs(ours.train(mode)(image))
        assert len(expected) == len(found)
        for wanted, got in zip(expected, found, strict=True):
            scale = max(1.0, wanted.abs().max().item())
            assert (wanted - got).abs().max().item() <= TOLERANCE * scale
    theirs_after, ours_after = ours.translate(theirs.state_dict()), ours.state_dict()
    for name, tensor in theirs_after.items():
        torch.testing.assert_close(
            ours_after[name], tensor, rtol=1e-4, atol=1e-5, msg=lambda text, n=name: f"{n}: {text}"
        )


def _outputs(output):
    """The main output, then the auxiliary ones from the shallowest."""
    if isinstance(output, torch.Tensor):
        return [output]
    if hasattr(output, "auxiliary"):
        return [output.logits, *output.auxiliary]
    named = output._asdict()  # torchvision's named tuples list the deeper auxiliary head first
    return [
        named["logits"],
        *(named[name] for name in sorted(named) if name.startswith("aux") and named[name] is not None),
    ]
