"""Small models of transformers with random weights: what language, vision and speech models look like in the wild.

The package is for comparisons alone: ``pip install --no-deps transformers==4.57.1`` with the packages that it imports
(tokenizers, huggingface_hub, regex, requests and others).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from published_models import missing, torchvision

WORDS, WIDTH = 99, 48
_SIZES = {"hidden_size": WIDTH, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 96}
_CODER = {
    "d_model": WIDTH,
    **{f"{side}_{name}": value for side in ("encoder", "decoder") for name, value in (("layers", 2), ("ffn_dim", 96))},
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "max_position_embeddings": 64,
}
_T5 = {"d_model": WIDTH, "d_kv": 12, "d_ff": 96, "num_layers": 2, "num_heads": 4}
_GPT = {"n_embd": WIDTH, "n_layer": 2, "n_head": 4, "n_positions": 64}
_STAGES = {"depths": [1, 1, 1, 1], "hidden_sizes": [16, 32, 48, 64]}

TEXT: dict[str, tuple[str, str, dict[str, Any]]] = {
    "albert": ("AlbertForSequenceClassification", "AlbertConfig", {**_SIZES, "embedding_size": 24}),
    "bart": ("BartModel", "BartConfig", _CODER),
    "bert": ("BertForSequenceClassification", "BertConfig", _SIZES),
    "bloom": ("BloomForCausalLM", "BloomConfig", {"hidden_size": WIDTH, "n_layer": 2, "n_head": 4}),
    "deberta-v2": ("DebertaV2ForSequenceClassification", "DebertaV2Config", _SIZES),
    "distilbert": (
        "DistilBertForSequenceClassification",
        "DistilBertConfig",
        {"dim": WIDTH, "n_layers": 2, "n_heads": 4, "hidden_dim": 96},
    ),
    "electra": ("ElectraForSequenceClassification", "ElectraConfig", {**_SIZES, "embedding_size": 24}),
    "gpt2": ("GPT2LMHeadModel", "GPT2Config", _GPT),
    "gpt-neox": ("GPTNeoXForCausalLM", "GPTNeoXConfig", _SIZES),
    "llama": ("LlamaForCausalLM", "LlamaConfig", {**_SIZES, "num_key_value_heads": 4}),
    "llama, shared keys": ("LlamaForCausalLM", "LlamaConfig", {**_SIZES, "num_key_value_heads": 2}),
    "mamba": ("MambaForCausalLM", "MambaConfig", {"hidden_size": WIDTH, "num_hidden_layers": 2}),
    "mistral": ("MistralForCausalLM", "MistralConfig", {**_SIZES, "num_key_value_heads": 2}),
    "opt": (
        "OPTForCausalLM",
        "OPTConfig",
        {
            "hidden_size": WIDTH,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "ffn_dim": 96,
            "word_embed_proj_dim": WIDTH,
        },
    ),
    "qwen2": ("Qwen2ForCausalLM", "Qwen2Config", {**_SIZES, "num_key_value_heads": 2}),
    "roberta": ("RobertaModel", "RobertaConfig", _SIZES),
    "t5": ("T5ForConditionalGeneration", "T5Config", _T5),
    "t5, encoder": ("T5EncoderModel", "T5Config", _T5),
}
"""By name: class, its configuration, and options; the input is a batch of words."""

IMAGES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "clip, vision": ("CLIPVisionModel", "CLIPVisionConfig", {**_SIZES, "image_size": 64, "patch_size": 16}),
    "convnext": (
        "ConvNextForImageClassification",
        "ConvNextConfig",
        {"hidden_sizes": [16, 32, 48, 64], "depths": [1, 1, 2, 1]},
    ),
    "deit": ("DeiTForImageClassification", "DeiTConfig", {**_SIZES, "image_size": 64, "patch_size": 16}),
    "mobilenet-v2": ("MobileNetV2ForImageClassification", "MobileNetV2Config", {}),
    "resnet": (
        "ResNetForImageClassification",
        "ResNetConfig",
        {"hidden_sizes": [32, 64, 96, 128], "depths": [1, 1, 1, 1], "embedding_size": 16},
    ),
    "segformer": (
        "SegformerForSemanticSegmentation",
        "SegformerConfig",
        {**_STAGES, "num_attention_heads": [1, 2, 4, 4], "decoder_hidden_size": 32},
    ),
    "swin": (
        "SwinForImageClassification",
        "SwinConfig",
        {
            "image_size": 64,
            "patch_size": 4,
            "embed_dim": 24,
            "depths": [2, 2],
            "num_heads": [2, 4],
            "window_size": 4,
        },
    ),
    "vit": ("ViTForImageClassification", "ViTConfig", {**_SIZES, "image_size": 64, "patch_size": 16}),
}
"""As :data:`TEXT`; the input is a batch of images of 64 pixels."""


class Plain(nn.Module):
    """A model of transformers as a module from one tensor to tensors, without what it keeps for the next word."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, inputs: Tensor) -> list[Tensor]:
        given: dict[str, Any] = {"pixel_values" if inputs.is_floating_point() else "input_ids": inputs}
        if self.model.config.is_encoder_decoder:  # type: ignore[union-attr]
            given["decoder_input_ids"] = inputs
        found = self.model(**given)
        return [value for value in found.values() if isinstance(value, Tensor)]


def builders(classes: int) -> dict[str, Callable[[], nn.Module]]:
    """What makes each model, by name."""
    texts = {name: (kind, config, {"vocab_size": WORDS, **given}) for name, (kind, config, given) in TEXT.items()}
    return {name: lambda known=known: _made(*known, classes) for name, known in {**texts, **IMAGES}.items()}  # type: ignore[misc]


def _made(kind: str, configuration: str, options: dict[str, Any], classes: int) -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if not missing("torchvision"):
            torchvision()  # which transformers imports where it is installed
        import transformers

        transformers.logging.set_verbosity_error()
        config = getattr(transformers, configuration)(num_labels=classes, use_cache=False, **options)
        return Plain(getattr(transformers, kind)(config))


def words(batch: int) -> Tensor:
    """A batch of ten words each, none of them with a meaning of its own to the model."""
    return torch.randint(5, WORDS - 5, (batch, 10), generator=torch.Generator().manual_seed(0))
