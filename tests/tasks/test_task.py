"""Tests of burnish.tasks.task."""

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.data.batch import Batch
from burnish.data.schema import Schema
from burnish.tasks import Classification
from burnish.tasks.task import Shown, Task


@pytest.fixture
def batch() -> Batch:
    random = torch.Generator().manual_seed(0)
    inputs, targets = torch.randn(10, 4, generator=random), torch.randint(3, (10,), generator=random)
    return Batch(inputs, targets, torch.arange(10))


class Least(Task):
    """The least that a task needs: a loss."""

    name = "least"

    def loss(self, output, batch):
        return (output.squeeze(1) - batch.targets).square()


def test_a_loss_alone_makes_a_task(linear, recorder, batch):
    task, model = Least(Schema("table", "regression", (4,))), linear(4, 1)
    engine = recorder(model, task.parameter_groups(model), rate=0.05)
    losses = [task.step(engine, batch).item() for _ in range(20)]
    assert losses[-1] < losses[0]
    found = task.evaluate(model, [batch])
    assert list(found.metrics) == ["loss"]
    assert set(found.samples) == {"index", "loss"}
    assert task.show(batch, 0) == Shown()


def test_a_step_is_forward_loss_gradient_update(classes, linear, recorder, batch):
    task, model, by_hand = Classification(classes), linear(4, 3), linear(4, 3)
    loss = task.step(recorder(model, rate=0.1), batch)
    expected = nn.functional.cross_entropy(by_hand(batch.inputs), batch.targets)
    expected.backward()
    torch.testing.assert_close(loss, expected.detach())
    assert not loss.requires_grad
    torch.testing.assert_close(model.weight, by_hand.weight - 0.1 * by_hand.weight.grad)


@pytest.mark.parametrize("accumulate", [2, 3, 10])
def test_micro_batches_make_the_same_step(classes, linear, recorder, batch, accumulate):
    whole, cut = linear(4, 3), linear(4, 3)
    task = Classification(classes)
    first = task.step(recorder(whole), batch)
    engine = recorder(cut, accumulate=accumulate)
    second = task.step(engine, batch)
    torch.testing.assert_close(second, first)
    torch.testing.assert_close(cut.weight, whole.weight)
    assert [call[0] for call in engine.calls].count("update") == 1


@pytest.mark.parametrize("accumulate", [1, 2])
def test_the_weight_of_a_ranks_share_scales_its_gradient(classes, linear, recorder, batch, accumulate):
    start, plain, heavy = linear(4, 3), linear(4, 3), linear(4, 3)
    task = Classification(classes)
    task.step(recorder(plain), batch)
    task.step(recorder(heavy, accumulate=accumulate), Batch(batch.inputs, batch.targets, batch.index, 1.5))
    torch.testing.assert_close(heavy.weight - start.weight, 1.5 * (plain.weight - start.weight))


def test_frozen_parameters_belong_to_no_optimizer(classes, linear):
    model = linear(4, 3)
    model.bias.requires_grad_(False)
    assert [len(group) for group in Classification(classes).parameter_groups(model).values()] == [1]


def test_a_batch_without_samples_is_refused(classes, linear, recorder):
    empty = Batch(torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64), torch.arange(0))
    with pytest.raises(InputError, match="a batch without samples reached the training step"):
        Classification(classes).step(recorder(linear(4, 3), accumulate=2), empty)


def test_an_example_has_the_shape_and_type_of_the_inputs():
    text = Least(Schema("text", "language-modelling", (7,), vocabulary=("a",))).example(3)
    image = Least(Schema("image", "classification", (3, 8, 8), classes=("a", "b"))).example()
    assert (text.shape, text.dtype) == ((3, 7), torch.int64)
    assert (image.shape, image.dtype) == ((2, 3, 8, 8), torch.float32)


def test_a_task_without_a_loss_says_so(batch):
    class Nothing(Task):
        name = "nothing"

    with pytest.raises(NotImplementedError, match="task 'nothing' has no loss of its own"):
        Nothing(Schema("points", "generation", (4,))).loss(batch.inputs, batch)
