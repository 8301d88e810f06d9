"""NaN in the loss: stopped, located, explained, and the checkpoint before it stays."""

import pytest
import torch

import burnish
from burnish.common.errors import NonFiniteLossError

from .conftest import steps_saved


def test_a_huge_learning_rate_is_named_as_the_thing_to_lower(shell, samples, tmp_path):
    words = ("--model", "mlp", "--optimizer", "sgd", "--learning-rate", "1e30", "--schedule", "constant", "--quiet")
    line = shell("fit", "--data", samples / "price.csv", *words, "--out", tmp_path).line
    assert line.startswith("burnish fit: the loss became NaN or infinite at step ")
    assert "Try a learning rate below 1e+30" in line
    assert "the last checkpoint is kept" in line
    assert steps_saved(tmp_path / "0001-fit")


MODULE = """
from torch import nn

class Logarithm(nn.Module):
    def forward(self, x):
        return x.log()

class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.flatten = nn.Flatten()
        self.wide = nn.Linear(3 * 32 * 32, 4)
        self.entropy = Logarithm()
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        return self.head(self.entropy(self.wide(self.flatten(x))))
"""


def test_the_layer_where_it_first_appears_is_named(shell, samples, tmp_path):
    (tmp_path / "mine.py").write_text(MODULE)
    words = ("--model", "mine:Model", "--out", tmp_path / "runs", "--quiet")
    line = shell("fit", "--data", samples / "photos", *words, cwd=tmp_path).line
    assert "NaN or infinite at step 1: it first appears in the output of layer 'entropy' (Logarithm)" in line
    assert steps_saved(tmp_path / "runs" / "0001-fit") == [0]


class Pairs(torch.utils.data.Dataset):
    """Numbers and twice these numbers, spoilt at one place."""

    def __init__(self, spoilt):
        self.inputs = torch.linspace(-1, 1, 60).reshape(30, 2)
        self.targets = self.inputs.sum(dim=1, keepdim=True)
        spoilt(self)

    def __len__(self):
        return 30

    def __getitem__(self, number):
        return self.inputs[number], self.targets[number]


def spoil_a_target(pairs):
    pairs.targets[7] = float("inf")


@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_bad_target_is_found_in_its_batch(accumulate, tmp_path):
    data = {"train": Pairs(spoil_a_target), "validation": Pairs(lambda _: None)}
    with pytest.raises((NonFiniteLossError, burnish.common.errors.InputError)) as caught:
        burnish.fit(data, model="mlp", epochs=1, batch_size=30, accumulate=accumulate, out=tmp_path, quiet=True)
    assert "target" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_weights_that_burst_between_checkpoints_go_back_to_the_last_good_one(shell, samples, tmp_path):
    words = ("--model", "mlp", "--optimizer", "sgd", "--learning-rate", "100", "--schedule", "constant")
    more = ("--checkpoint-steps", "1", "--quiet", "--epochs", "50")
    line = shell("fit", "--data", samples / "price.csv", *words, *more, "--out", tmp_path).line
    bad = int(line.split(" at step ")[1].split(":")[0])
    kept = steps_saved(tmp_path / "0001-fit")
    assert kept == [bad - 2, bad - 1]
    for step in kept:
        state = torch.load(tmp_path / "0001-fit" / "checkpoints" / f"step-{step:010}" / "state.pt", weights_only=True)
        assert all(torch.isfinite(loss) for loss in torch.tensor(state["ledger"]["loss"]))
