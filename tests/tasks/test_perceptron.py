"""Tests of burnish.tasks.perceptron."""

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.data.batch import Batch
from burnish.data.schema import Schema
from burnish.models.foundations.perceptron import Perceptron
from burnish.tasks.perceptron import PerceptronRule, linear_layer

TASK = PerceptronRule(Schema("points", "classification", (2,), classes=("no", "yes")))


def separable(count: int, margin: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Points in the plane and labels 0 and 1, at least ``margin`` from the line between them."""
    random = torch.Generator().manual_seed(0)
    points = torch.rand(20 * count, 2, generator=random) * 4 - 2
    distance = points @ torch.tensor([0.6, -0.8]) - 0.3
    far = distance.abs() >= margin
    return points[far][:count], (distance[far][:count] > 0).long()


def one(points: torch.Tensor, labels: torch.Tensor, number: int) -> Batch:
    return Batch(points[number : number + 1], labels[number : number + 1], torch.tensor([number]))


def test_two_classes_move_by_rosenblatts_rule_sample_by_sample(recorder):
    points, labels = separable(40, margin=0.2)
    model = Perceptron(2, 2)
    engine = recorder(model)
    w, b, moved = torch.zeros(2), torch.zeros(()), 0
    for number in range(40):
        x, y = points[number], 2.0 * labels[number] - 1
        chosen = 1 if w @ x + b > 0 else -1  # on the line, the first class
        if chosen != y:
            w, b, moved = w + y * x, b + y, moved + 1
        TASK.step(engine, one(points, labels, number))
        torch.testing.assert_close((model.linear.weight[1] - model.linear.weight[0]) / 2, w)
        torch.testing.assert_close((model.linear.bias[1] - model.linear.bias[0]) / 2, b)
    assert moved > 2


def test_separable_data_are_learnt_within_the_bound_on_mistakes(recorder):
    points, labels = separable(60, margin=0.3)
    model = Perceptron(2, 2)
    engine = recorder(model)
    mistakes, clean = 0, False
    while not clean:
        clean = True
        for number in range(60):
            batch = one(points, labels, number)
            if TASK.forward(model, batch).argmax() != labels[number]:
                mistakes, clean = mistakes + 1, False
            TASK.step(engine, batch)
        assert mistakes < 1000
    radius = torch.cat([points, torch.ones(60, 1)], dim=1).norm(dim=1).max().item()
    margin = 0.3 / (0.6**2 + 0.8**2 + 0.3**2) ** 0.5
    assert mistakes <= (radius / margin) ** 2  # Novikoff 1962


def test_a_batch_steps_by_the_mean_of_its_samples(recorder):
    points, labels = separable(8, margin=0.2)
    torch.manual_seed(0)
    start = torch.randn(2, 2)
    steps = []
    for batches in ([slice(0, 8)], [slice(i, i + 1) for i in range(8)]):
        total = torch.zeros(2, 2)
        for part in batches:
            model = Perceptron(2, 2)
            model.linear.weight.data.copy_(start)
            TASK.step(recorder(model), Batch(points[part], labels[part], torch.arange(8)[part]))
            total += model.linear.weight.detach() - start
        steps.append(total / len(batches))
    torch.testing.assert_close(steps[0], steps[1])
    assert steps[0].abs().sum() > 0


def test_nothing_moves_where_nothing_is_mistaken(recorder):
    model = Perceptron(2, 2)
    model.linear.weight.data.copy_(torch.tensor([[-1.0, 0.0], [1.0, 0.0]]))
    before = model.linear.weight.clone()
    loss = TASK.step(recorder(model), Batch(torch.tensor([[3.0, 1.0]]), torch.tensor([1]), torch.tensor([0])))
    assert loss.item() == 0
    assert torch.equal(model.linear.weight, before)


def test_the_loss_is_by_how_much_a_wrong_class_outdoes_the_true_one():
    scores = torch.tensor([[1.0, 3.0, 2.0], [1.0, 3.0, 2.0]])
    batch = Batch(torch.zeros(2, 2), torch.tensor([0, 1]), torch.arange(2))
    task = PerceptronRule(Schema("points", "classification", (2,), classes=("a", "b", "c")))
    assert task.loss(scores, batch).tolist() == [2.0, 0.0]
    assert task.mean_loss(scores, batch).item() == 1.0


def test_scores_hold_no_probability():
    assert list(TASK.predict(torch.tensor([[1.0, 3.0]]))) == ["prediction"]


@pytest.mark.parametrize("layers", [0, 2])
def test_anything_but_one_linear_layer_is_refused(layers):
    model = nn.Sequential(*(nn.Linear(2, 2) for _ in range(layers)))
    with pytest.raises(InputError, match=f"trains one linear layer, Sequential has {layers}: use --model perceptron"):
        linear_layer(model)
