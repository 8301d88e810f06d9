"""Tests of burnish.pruning.distillation."""

import copy

import pytest
import torch
import torch.nn.functional as F
from tests.attacks.trained import digits_network

from burnish.common.errors import InputError
from burnish.data import load
from burnish.data.batch import Batch
from burnish.data.loaders.loader import make_loader
from burnish.models import for_data
from burnish.pruning.distillation import Distillation, Taught
from burnish.tasks import Classification
from burnish.training.defaults import resolve_options
from burnish.training.engine import Engine
from burnish.training.options import TrainingOptions


def task(share=0.5, temperature=4.0):
    return Distillation(load("digits").schema, digits_network().model, share, temperature)


def test_the_loss_mixes_labels_and_the_softened_answer_of_the_teacher():
    trained = digits_network()
    batch = Batch(trained.images[:16], trained.labels[:16], torch.arange(16))
    output = torch.randn(16, 10, generator=torch.Generator().manual_seed(0))
    answer = trained.model(batch.inputs).detach()
    taught = Batch(batch.inputs, Taught(batch.targets, answer), batch.index)
    p, q = (answer / 4).softmax(1), (output / 4).softmax(1)
    expected = 0.7 * F.cross_entropy(output, batch.targets) + 0.3 * 16 * (p * (p.log() - q.log())).sum(1).mean()
    assert task(0.3).mean_loss(output, taught).item() == pytest.approx(expected.item(), rel=1e-5)
    assert task(0.3).mean_loss(output, batch) == Classification.mean_loss(task(0.3), output, batch)


def test_a_student_learns_to_answer_like_its_teacher_and_the_teacher_is_only_asked():
    trained, data = digits_network(), load("digits")
    teacher = trained.model
    before = copy.deepcopy(teacher.state_dict())
    torch.manual_seed(0)
    student = for_data("mlp", data.schema)
    chosen = task(0.9)
    settings = resolve_options(TrainingOptions(epochs=5, precision="fp32"), data.schema, chosen.name, len(data.train))
    train = make_loader(data.train, settings.batch_size, shuffle=True, seed=0)

    def apart():
        with torch.no_grad():
            answer, own = teacher(trained.images).softmax(1), student.eval()(trained.images).log_softmax(1)
        return F.kl_div(own, answer, reduction="batchmean").item()

    far = apart()
    Engine(student, chosen, train, settings).fit()
    assert apart() < 0.3 * far
    assert all(torch.equal(value, before[name]) for name, value in teacher.state_dict().items())
    assert not teacher.training
    assert all(parameter.grad is None for parameter in teacher.parameters())


def test_numbers_that_cannot_be_are_refused():
    with pytest.raises(InputError, match=r"distill must lie in \(0, 1\), got 1"):
        task(1.0)
    with pytest.raises(InputError, match="the temperature must be positive, got 0: 4 is usual"):
        task(0.5, 0.0)
