"""Tests of burnish.pruning.graph.masking: a pruned model is the masked one, whatever it is made of."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from tests.pruning.graph.equality import assert_equal_to_its_twin
from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.layers.attention import MultiHeadAttention
from burnish.layers.locally_connected import LocallyConnected2d
from burnish.layers.squeeze_excite import SqueezeExcite
from burnish.pruning.graph import masked_twin, trace


def conv_norm(inputs: int, outputs: int, groups: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1, groups=groups), nn.BatchNorm2d(outputs), nn.Sigmoid())


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.branch, self.head = conv_norm(3, 8), nn.Sequential(conv_norm(8, 6), conv_norm(6, 8)), None
        self.head = nn.Conv2d(8, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        x = x + self.branch(x)
        return self.head(x).mean(dim=(2, 3))


class Concatenated(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.third = conv_norm(3, 4), conv_norm(4, 6), conv_norm(10, 5)
        self.head = nn.Linear(5 * 16, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        x = self.third(torch.cat([x, self.second(x)], dim=1))
        return self.head(x.flatten(1))


class Halves(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.third = conv_norm(3, 12), conv_norm(6, 4), conv_norm(6, 4)
        self.head = nn.Conv2d(8, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        left, right = self.first(x).chunk(2, dim=1)
        return self.head(torch.cat([self.second(left), self.third(right)], dim=1))


class Shuffled(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.head = conv_norm(3, 12), conv_norm(12, 12, groups=3), nn.Conv2d(12, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        x = x.unflatten(1, (3, -1)).transpose(1, 2).flatten(1, 2)
        return self.head(self.second(x))


class Squeezed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.gate, self.head = conv_norm(3, 8), SqueezeExcite(8, 4), nn.Conv2d(8, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.gate(self.first(x)))


class ByValue(nn.Module):
    """A way that depends on numbers, not only on shapes."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.head = nn.Linear(4, 8), nn.Linear(8, 8), nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        if x.shape[0] > 0 and float(x.abs().sum()) > 0:
            x = x + self.second(x).tanh()
        return self.head(x)


class Shared(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.middle, self.last = nn.Linear(4, 8), nn.Linear(8, 8), nn.Linear(8, 2)
        self.unused = nn.Parameter(torch.ones(8))

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        return self.last(self.middle(self.middle(x).relu()).relu())


class Tied(nn.Module):
    """An embedding whose table is also the output layer."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.hidden = nn.Embedding(11, 8), nn.Linear(8, 8)
        self.norm = nn.LayerNorm(8)
        self.head = nn.Linear(8, 11, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.embedding(tokens)
        return self.head(self.norm(x + self.hidden(x).sigmoid()))


class Several(nn.Module):
    """Two inputs by name, a dict of outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = nn.Linear(4, 8), nn.Linear(3, 8)
        self.one, self.two = nn.Linear(8, 2), nn.Linear(16, 3)

    def forward(self, left: Tensor, right: Tensor) -> dict[str, Tensor]:
        a, b = self.left(left).relu(), self.right(right).relu()
        return {"one": self.one(a * b), "two": self.two(torch.cat([a, b], dim=-1))}


class Attending(nn.Module):
    def __init__(self, attention: nn.Module) -> None:
        super().__init__()
        self.embed, self.norm, self.attention, self.head = (
            nn.Linear(5, 12),
            nn.LayerNorm(12),
            attention,
            nn.Linear(12, 3),
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.embed(x)
        y = self.norm(x)
        y = (
            self.attention(y, y, y, need_weights=False)[0]
            if isinstance(self.attention, nn.MultiheadAttention)
            else self.attention(y)
        )
        return self.head(x + y)


class OwnAttention(nn.Module):
    """Heads by constants that are attributes, as users write them."""

    def __init__(self, width: int = 12, heads: int = 3) -> None:
        super().__init__()
        self.heads, self.width_of_head = heads, width // heads
        self.query, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        batch, length, _ = x.shape
        q, k, v = (
            layer(x).view(batch, length, self.heads, self.width_of_head).transpose(1, 2)
            for layer in (self.query, self.key, self.value)
        )
        weights = (q @ k.transpose(-2, -1) / self.width_of_head**0.5).softmax(dim=-1)
        mixed = (weights @ v).transpose(1, 2).reshape(batch, length, self.heads * self.width_of_head)
        return self.out(mixed)


class Recurrent(nn.Module):
    def __init__(self, kind: type[nn.RNNBase], **options: object) -> None:
        super().__init__()
        self.embed, self.rnn = nn.Linear(5, 6), kind(6, 8, batch_first=True, **options)
        self.head = nn.Linear(16 if options.get("bidirectional") else 8, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.rnn(self.embed(x))[0])


class Translator(nn.Module):
    """torch's own encoder and decoder, with padding and no look ahead."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.head = nn.Linear(5, 8), nn.Linear(8, 2)
        self.transformer = nn.Transformer(8, 4, 1, 1, 12, 0.0, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        padding = torch.zeros(x.shape[:2], dtype=torch.bool, device=x.device)
        padding[1, 5:] = True
        ahead = nn.Transformer.generate_square_subsequent_mask(4, device=x.device, dtype=x.dtype)
        x = self.embed(x)
        y = self.transformer(x, x[:, :4], tgt_mask=ahead, memory_key_padding_mask=padding)
        return self.head(y)


class Bilinear(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = nn.Linear(4, 6), nn.Linear(4, 5)
        self.both, self.head = nn.Bilinear(6, 5, 8), nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.both(self.left(x), self.right(x)))


class Statistics(nn.Module):
    """A gate that sees the mean and the largest of all channels."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.gate, self.head = nn.Conv2d(3, 8, 1), nn.Conv2d(2, 1, 3, padding=1), nn.Conv2d(8, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        seen = torch.cat([x.mean(dim=1, keepdim=True), x.amax(dim=1, keepdim=True)], dim=1)
        return self.head(x * self.gate(seen).sigmoid())


class Padded(nn.Module):
    """Zero channels on both sides, by numbers that the layer holds."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.head = conv_norm(3, 6), conv_norm(6, 12), nn.Conv2d(12, 4, 1)
        self.before, self.after = 3, 3

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        return self.head(self.second(x) + F.pad(x, (0, 0, 0, 0, self.before, self.after)))


IMAGE = torch.rand(2, 3, 4, 4, generator=torch.Generator().manual_seed(0))
ROWS = torch.rand(3, 4, generator=torch.Generator().manual_seed(1))
TEXT = torch.rand(2, 7, 5, generator=torch.Generator().manual_seed(2))
TOKENS = torch.tensor([[0, 3, 10, 2], [5, 5, 1, 7]])
MODELS = {
    "plain": (lambda: nn.Sequential(conv_norm(3, 8), conv_norm(8, 6), nn.Flatten(), nn.Linear(6 * 16, 4)), IMAGE),
    "residual": (Residual, IMAGE),
    "concatenation": (Concatenated, IMAGE),
    "chunk": (Halves, IMAGE),
    "grouped": (lambda: nn.Sequential(conv_norm(3, 12), conv_norm(12, 24, groups=4), nn.Conv2d(24, 4, 1)), IMAGE),
    "few wide groups": (
        lambda: nn.Sequential(conv_norm(3, 12), conv_norm(12, 16, groups=2), nn.Conv2d(16, 4, 1)),
        IMAGE,
    ),
    "depthwise": (lambda: nn.Sequential(conv_norm(3, 8), conv_norm(8, 16, groups=8), nn.Conv2d(16, 4, 1)), IMAGE),
    "transposed": (
        lambda: nn.Sequential(
            conv_norm(3, 8), nn.ConvTranspose2d(8, 6, 2, 2), nn.ConvTranspose2d(6, 6, 2, groups=3), nn.Conv2d(6, 4, 1)
        ),
        IMAGE,
    ),
    "shuffle": (Shuffled, IMAGE),
    "squeeze and excite": (Squeezed, IMAGE),
    "group normalisation": (
        lambda: nn.Sequential(nn.Conv2d(3, 12, 3), nn.GroupNorm(4, 12), nn.SiLU(), nn.Conv2d(12, 4, 1)),
        IMAGE,
    ),
    "group normalisation, wide groups": (
        lambda: nn.Sequential(nn.Conv2d(3, 12, 3), nn.GroupNorm(2, 12), nn.SiLU(), nn.Conv2d(12, 4, 1)),
        IMAGE,
    ),
    "layer normalisation": (
        lambda: nn.Sequential(nn.Linear(4, 8), nn.LayerNorm(8), nn.GELU(), nn.Linear(8, 2)),
        ROWS,
    ),
    "pooling and resizing": (
        lambda: nn.Sequential(
            conv_norm(3, 8),
            nn.Upsample(scale_factor=2),
            nn.MaxPool2d(2),
            nn.AdaptiveAvgPool2d(2),
            nn.Flatten(),
            nn.Linear(32, 4),
        ),
        IMAGE,
    ),
    "unflatten": (
        lambda: nn.Sequential(nn.Linear(4, 8 * 9), nn.Unflatten(1, (-1, 3, 3)), nn.ReLU(), nn.Conv2d(8, 4, 2)),
        ROWS,
    ),
    "pixel shuffle": (
        lambda: nn.Sequential(conv_norm(3, 16), nn.PixelShuffle(2), nn.Conv2d(4, 3, 1)),
        IMAGE,
    ),
    "locally connected": (
        lambda: nn.Sequential(conv_norm(3, 6), LocallyConnected2d(6, 5, (4, 4), 3), nn.ReLU(), nn.Conv2d(5, 4, 2)),
        IMAGE,
    ),
    "gated": (lambda: nn.Sequential(nn.Linear(4, 12), nn.GLU(), nn.Linear(6, 2)), ROWS),
    "weight normalisation": (
        lambda: nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(4, 8)), nn.ReLU(), nn.Linear(8, 2)),
        ROWS,
    ),
    "PReLU": (lambda: nn.Sequential(nn.Conv2d(3, 8, 3), nn.PReLU(8), nn.Conv2d(8, 2, 1)), IMAGE),
    "instance normalisation": (
        lambda: nn.Sequential(nn.Conv2d(3, 8, 3), nn.InstanceNorm2d(8, affine=True), nn.Conv2d(8, 2, 1)),
        IMAGE,
    ),
    "normalisation without weights": (
        lambda: nn.Sequential(
            nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8, affine=False), nn.InstanceNorm2d(8), nn.Conv2d(8, 2, 1)
        ),
        IMAGE,
    ),
    "encoder and decoder": (Translator, TEXT),
    "bilinear": (Bilinear, ROWS),
    "spectral normalisation": (
        lambda: nn.Sequential(nn.utils.parametrizations.spectral_norm(nn.Linear(4, 8)), nn.ReLU(), nn.Linear(8, 2)),
        ROWS,
    ),
    "mean square normalisation": (lambda: nn.Sequential(nn.Linear(4, 8), nn.RMSNorm(8), nn.Linear(8, 2)), ROWS),
    "gate from statistics over channels": (Statistics, IMAGE),
    "values": (ByValue, ROWS),
    "shared weights": (Shared, ROWS),
    "tied embedding": (Tied, TOKENS),
    "several inputs and outputs": (Several, {"left": ROWS, "right": ROWS[:, :3]}),
    "attention of torch": (lambda: Attending(nn.MultiheadAttention(12, 3, batch_first=True)), TEXT),
    "attention of burnish": (lambda: Attending(MultiHeadAttention(12, 3)), TEXT),
    "attention by hand": (lambda: Attending(OwnAttention()), TEXT),
    "transformer layer": (
        lambda: nn.Sequential(
            nn.Linear(5, 8), nn.TransformerEncoderLayer(8, 4, 16, 0.0, batch_first=True), nn.Linear(8, 2)
        ),
        TEXT,
    ),
    "LSTM": (lambda: Recurrent(nn.LSTM), TEXT),
    "deep bidirectional LSTM": (lambda: Recurrent(nn.LSTM, num_layers=2, bidirectional=True), TEXT),
    "deep GRU": (lambda: Recurrent(nn.GRU, num_layers=2), TEXT),
    "plain RNN": (lambda: Recurrent(nn.RNN), TEXT),
    "padded channels": (Padded, IMAGE),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_pruned_model_is_equal_to_the_masked_one_in_both_modes(name):
    torch.manual_seed(0)
    build, example = MODELS[name]
    assert_equal_to_its_twin(build(), example)


def test_a_twin_with_nothing_removed_is_the_model():
    model = nn.Sequential(nn.Linear(4, 8), nn.LayerNorm(8), nn.Linear(8, 2))
    twin = masked_twin(model, trace(model, ROWS), [])
    assert torch.equal(twin(ROWS), model(ROWS))


def test_a_twin_leaves_the_model_alone():
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    graph = trace(model, ROWS)
    masked_twin(model, graph, [(graph.groups()[0], [1, 2])])(ROWS)
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_a_forward_that_goes_another_way_than_the_traced_one_is_refused():
    class Fickle(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.last, self.shows = nn.Linear(4, 8), nn.Linear(8, 2), False

        def forward(self, x: Tensor) -> Tensor:
            x = self.first(x)
            return self.last(x) + (x[:, 2:3] if self.shows else 0)

    model = Fickle()
    graph = trace(model, ROWS)
    twin = masked_twin(model, graph, [(graph.groups()[0], [2])])
    twin.model.shows = True
    with pytest.raises(InputError, match="it took another way"):
        twin(ROWS)
