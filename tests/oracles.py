"""Published implementations to compare with, where they are installed; the test is skipped where not.

Nothing in the package imports any of this.
"""

import pytest
import torch
from benchmarks import published_models
from torch import nn

TOLERANCE = 1e-4


def torchvision_model(name, **options):
    """A model of torchvision with random weights; skips the test where torchvision is missing."""
    _need("torchvision")
    return published_models.torchvision_model(name, **options)


def timm_model(name, **options):
    """A model of timm with random weights; skips the test where timm or torchvision is missing."""
    _need("torchvision", "timm")
    return published_models.timm_model(name, **options)


def _need(*packages):
    if absent := published_models.missing(*packages):
        pytest.skip(f"not installed: {', '.join(absent)}")


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
