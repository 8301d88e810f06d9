import copy

import pytest
import torch
import torch.nn.functional as F
from tests.pruning.weights.networks import mlp
from torch import nn

from burnish.common.errors import InputError
from burnish.data.batch import Batch
from burnish.data.schema import Schema
from burnish.pruning.weights.prunable import prunable_weights
from burnish.pruning.weights.scores import score_weights
from burnish.pruning.weights.sparsify import sparsify_
from burnish.tasks import Classification

TASK = Classification(Schema("points", "classification", (6,), classes=("a", "b", "c")))


def batches(count=3):
    generator = torch.Generator().manual_seed(0)
    for number in range(count):
        inputs = torch.randn(8, 6, generator=generator)
        yield Batch(inputs, inputs[:, :3].argmax(1), torch.arange(8) + 8 * number)


def score(model, *args, **options):
    return score_weights(model, prunable_weights(model), *args, **options)


def test_magnitude_is_the_size_of_the_weight():
    model = mlp()
    assert all(torch.equal(a, w.value.abs()) for a, w in zip(score(model), prunable_weights(model), strict=True))


def test_random_scores_follow_the_seed_and_the_name_and_leave_the_generators_alone():
    model, state = mlp(), torch.get_rng_state()
    first, again, other = (score(model, "random", seed=seed) for seed in (0, 0, 1))
    assert torch.equal(first[0], again[0])
    assert not torch.equal(first[0], other[0])
    alone = score_weights(model, prunable_weights(model, ["0"]), "random")
    assert torch.equal(alone[0], first[1])
    assert torch.equal(torch.get_rng_state(), state)


def test_taylor_is_what_the_loss_loses_to_first_order():
    model = mlp()
    found = score(model, "taylor", task=TASK, batches=batches())
    expected = torch.zeros(3, 16)
    reference = copy.deepcopy(model).eval()
    for batch in batches():
        weight = reference[3].weight
        (gradient,) = torch.autograd.grad(F.cross_entropy(reference(batch.inputs), batch.targets), weight)
        expected += (gradient * weight.detach()) ** 2
    torch.testing.assert_close(found[1], expected)
    # A small step towards removal changes the loss by as much.
    batch = next(batches())
    weight = reference[3].weight
    best = int(score(model, "taylor", task=TASK, batches=batches(1))[1].argmax())
    with torch.no_grad():
        whole = F.cross_entropy(reference.double()(batch.inputs.double()), batch.targets)
        weight = reference[3].weight
        weight.view(-1)[best] *= 1 - 1e-4
        change = F.cross_entropy(reference(batch.inputs.double()), batch.targets) - whole
    assert (change.item() / 1e-4) ** 2 == pytest.approx(found_one(model, best), rel=1e-2)


def found_one(model, position):
    return score(model, "taylor", task=TASK, batches=batches(1))[1].flatten()[position].item()


def test_taylor_leaves_the_model_as_it_was():
    model = mlp().train()
    model[1].eval()
    model[0].weight.requires_grad_(False)
    model[3].weight.grad = torch.ones(3, 16)
    state, modes = copy.deepcopy(model.state_dict()), [module.training for module in model.modules()]
    assert score(model, "taylor", task=TASK, batches=batches())[0].any()
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert [module.training for module in model.modules()] == modes
    assert not model[0].weight.requires_grad
    assert model[3].weight.grad.sum() == 48
    assert model[0].bias.grad is None


@pytest.mark.parametrize("criterion", ["magnitude", "random", "taylor", lambda name, weight: weight + 5])
def test_what_is_masked_scores_below_everything(criterion):
    model = mlp()
    sparsify_(model, 0.5, criterion="random")
    for weight, found in zip(
        prunable_weights(model), score(model, criterion, task=TASK, batches=batches()), strict=True
    ):
        assert torch.equal(found == -torch.inf, weight.mask.mask == 0)


def test_half_precision_weights_score_in_single():
    assert {found.dtype for found in score(mlp().bfloat16())} == {torch.float32}


@pytest.mark.parametrize(
    ("criterion", "options", "line"),
    [
        ("magnitud", {}, r"unknown criterion 'magnitud' \(did you mean 'magnitude'\?\)"),
        ("taylor", {}, "criterion 'taylor' looks at the loss: pass task= and batches="),
        ("taylor", {"task": TASK, "batches": []}, "was given no batches"),
        (lambda name, weight: weight[0], {}, r"the criterion gave \(6,\) for '0.weight'.* shape \(16, 6\)"),
        (lambda name, weight: 3, {}, "the criterion gave int for '0.weight'"),
        (lambda name, weight: weight / 0, {}, "expected a finite score"),
    ],
)
def test_scores_that_cannot_be_are_refused(criterion, options, line):
    with pytest.raises(InputError, match=line):
        score(mlp(), criterion, **options)


def test_infinite_gradients_are_named():
    class Explodes(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(6, 3)

        def forward(self, x):
            return self.layer(x) * torch.tensor(torch.inf)

    with pytest.raises(InputError, match=r"the gradient of 'layer.weight' is NaN or infinite"):
        score(Explodes(), "taylor", task=TASK, batches=batches())
