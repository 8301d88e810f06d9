"""torch-pruning as its own examples use it, and the CIFAR models of its repository.

The package is for comparisons alone: ``pip install --no-deps torch-pruning==1.6.1``. Its CIFAR models are not in the
package; they are read from a checkout of its repository (github.com/VainF/Torch-Pruning), each file by itself.
"""

from __future__ import annotations

import importlib.util
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pruning_transformers import WORDS

CLASSES = 10
CIFAR = {
    "vgg11": ("vgg", "vgg11_bn"),
    "vgg19": ("vgg", "vgg19_bn"),
    "resnet18": ("resnet", "resnet18"),
    "resnet50": ("resnet", "resnet50"),
    "resnet56": ("resnet_tiny", "resnet56"),
    "preactresnet18": ("preactresnet", "preactresnet18"),
    "resnext50": ("resnext", "resnext50"),
    "densenet121": ("densenet", "densenet121"),
    "googlenet": ("googlenet", "googlenet"),
    "inceptionv3": ("inceptionv3", "inception_v3"),
    "xception": ("xception", "xception"),
    "mobilenetv2": ("mobilenetv2", "mobilenetv2"),
    "nasnet": ("nasnet", "nasnet"),
    "inceptionv4": ("inceptionv4", "inceptionv4"),
    "se_resnet20": ("senet", "se_resnet20"),
    "vit_cifar": ("vit", "vit_cifar"),
    "swin_t": ("swin", "swin_t"),
}
"""By name: file and function, one or two of every file there is. The first 13 need nothing but torch."""


def cifar_models(checkout: Path | None) -> dict[str, Callable[[], nn.Module]]:
    """What makes each CIFAR model; nothing without a checkout, and none that needs a package that is absent."""
    if checkout is None:
        return {}
    folder = next((path.parent for path in sorted(Path(checkout).rglob("resnet_tiny.py"))), None)
    if folder is None:
        raise SystemExit(f"no CIFAR models below {checkout}: give a checkout of github.com/VainF/Torch-Pruning")
    has_einops = importlib.util.find_spec("einops") is not None
    return {
        name: lambda file=file, function=function: _loaded(folder / f"{file}.py", function)  # type: ignore[misc]
        for name, (file, function) in CIFAR.items()
        if has_einops or file not in ("vit", "swin")
    }


def _loaded(path: Path, function: str) -> nn.Module:
    name = f"cifar_{path.stem}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            spec.loader.exec_module(module)
    made: nn.Module = getattr(sys.modules[name], function)(num_classes=CLASSES)
    return made


def cut_by_torch_pruning(
    model: nn.Module,
    example: Any,
    classes: int,
    *,
    ratio: float = 0.5,
    round_to: int | None = None,
    importance: Any = None,
) -> None:
    """Cut channels of every layer but the last, as the examples of torch-pruning 1.6.1 do.

    Settings of its examples: one step, not global, the layers that give the classes ignored, the heads of attention
    declared and their widths written back, parameters that no layer holds left to its own detection. Its pruner keeps
    what it was told of heads in a default argument, so each call gives it fresh ones.
    """
    import torch_pruning as tp

    last = [
        module
        for module in model.modules()
        if (isinstance(module, nn.Linear) and module.out_features in (classes, WORDS))
        or (isinstance(module, nn.Conv2d) and module.out_channels == classes)
    ]
    heads: dict[nn.Module, int] = {}
    for module in model.modules():
        if isinstance(module, nn.MultiheadAttention):
            heads[module] = module.num_heads
        elif isinstance(getattr(module, "qkv", None), nn.Linear):
            heads[module.qkv] = getattr(module, "num_heads", None) or module.heads
        for names in _PROJECTIONS:
            for name in names if all(isinstance(getattr(module, name, None), nn.Linear) for name in names) else ():
                heads[getattr(module, name)] = getattr(module, name).out_features // _head_width(module)
    for parameter in model.parameters():
        parameter.requires_grad_(True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pruner = tp.pruner.BasePruner(
            model.eval(),
            example,
            importance=importance or tp.importance.GroupMagnitudeImportance(p=2),
            pruning_ratio=ratio,
            ignored_layers=last,
            round_to=round_to,
            num_heads=heads,
            in_channel_groups={},
            out_channel_groups={},
        )
        pruner.step()
    for module in model.modules():
        qkv = getattr(module, "qkv", None)
        if isinstance(qkv, nn.Linear) and hasattr(module, "num_heads"):
            module.num_heads = pruner.num_heads[qkv]
            for name, width in (("head_dim", 1), ("attn_dim", module.num_heads)):
                if hasattr(module, name):
                    setattr(module, name, qkv.out_features // (3 * module.num_heads) * width)
        if hasattr(module, "all_head_size") and isinstance(getattr(module, "query", None), nn.Linear):
            module.num_attention_heads = pruner.num_heads[module.query]
            module.all_head_size = module.query.out_features
            module.attention_head_size = module.query.out_features // module.num_attention_heads
        if hasattr(module, "hidden_dim") and hasattr(module, "conv_proj"):
            module.hidden_dim = module.conv_proj.out_channels  # torchvision's ViT counts tokens by it


_PROJECTIONS = (("query", "key", "value"), ("q_proj", "k_proj", "v_proj"))


def _head_width(module: Any) -> int:
    """How wide a head of an attention of transformers is."""
    known = getattr(module, "attention_head_size", None) or getattr(module, "head_dim", None)
    return int(known or module.out_proj.out_features // module.num_heads)


@contextmanager
def time_limit(seconds: int) -> Iterator[None]:
    """Raise a TimeoutError in whatever takes more CPU time."""

    def stop(*_: Any) -> None:
        raise TimeoutError(f"not done within {seconds} CPU s")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def outputs(model: nn.Module, example: Any) -> list[Tensor]:
    """The tensors that a model gives in evaluation, without gradients."""
    with torch.no_grad():
        found = model.eval()(example)
    return [leaf for leaf in torch.utils._pytree.tree_leaves(found) if isinstance(leaf, Tensor)]


def one_line(error: BaseException) -> str:
    """What an error says, short, without the folders of this machine."""
    text = " ".join(str(error).split()) or type(error).__name__
    return relative(text)[:160]


def relative(text: str) -> str:
    """A text whose paths begin at a package."""
    for part in sorted({part for part in text.replace("(", " ").replace(",", " ").split() if part.startswith("/")}):
        for mark in ("site-packages/", "/src/", "/cifar/"):
            if mark in part:
                text = text.replace(part, part.split(mark)[-1])
                break
        else:
            text = text.replace(part, part.rpartition("/")[2])
    return text
