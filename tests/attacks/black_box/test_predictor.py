"""Tests of burnish.attacks.black_box.predictor."""

import numpy as np
import pytest
import torch
from tests.attacks.trained import digits_network
from torch import nn

from burnish.attacks.black_box.predictor import Decisions, Predictor, Unanswered
from burnish.common.errors import InputError


class Service:
    """A predict function that keeps its own books, and fails when it is told to."""

    def __init__(self, fails_after=None):
        self.batches = []
        self.fails_after = fails_after

    def predict(self, rows):
        self.batches.append(len(rows))
        if self.fails_after is not None and sum(self.batches) > self.fails_after:
            raise ConnectionError("the line\nis down")
        return (rows.sum(1) > 1.0).long()


def rows(count):
    return torch.rand(count, 2, generator=torch.Generator().manual_seed(0))


def test_every_sample_is_counted_once_and_batches_are_no_larger_than_asked():
    service = Service()
    target = Predictor(service.predict, batch_size=4)
    x = rows(11)
    assert torch.equal(target(x), (x.sum(1) > 1).long())
    assert sum(service.batches) == target.queries == 11
    assert max(service.batches) == 4
    target(x[:3])
    assert sum(service.batches) == target.queries == 14
    assert target.left is None


def test_a_budget_is_used_to_the_last_query_and_never_overrun():
    service = Service()
    target = Predictor(service.predict, budget=7, batch_size=4)
    x = rows(11)
    with pytest.raises(
        Unanswered, match=r"the budget of 7 queries to Service.predict is used up, 4 of 11 samples have no answer"
    ) as error:
        target(x)
    assert torch.equal(error.value.labels, (x[:7].sum(1) > 1).long())
    assert sum(service.batches) == target.queries == 7
    assert target.left == 0
    with pytest.raises(Unanswered) as error:
        target(x)
    assert len(error.value.labels) == 0
    assert sum(service.batches) == 7


def test_a_function_that_raises_is_told_in_one_line_with_what_was_answered_before():
    target = Predictor(Service(fails_after=8).predict, batch_size=4)
    x = rows(11)
    with pytest.raises(Unanswered) as error:
        target(x)
    assert str(error.value) == (
        "Service.predict raised ConnectionError: the line is down (given a tensor of shape (4, 2), after 5 queries)"
    )
    assert isinstance(error.value.__cause__, ConnectionError)
    assert torch.equal(error.value.labels, (x[:5].sum(1) > 1).long())
    assert target.queries == 9  # the failed call was a call


def test_a_function_of_arrays_is_found_out_by_one_sample():
    seen = []

    def predict(rows: np.ndarray) -> np.ndarray:
        assert rows.astype(float).dtype == np.float64  # no tensor has this method
        seen.append(len(rows))
        return rows @ np.array([[0.0, 1.0], [0.0, 1.0]], dtype=np.float32)

    target = Predictor(predict)
    assert (target(rows(9)) == 1).all()
    assert seen == [1, 8]
    assert target.queries == 10  # the first sample was tried as a tensor as well
    assert target.num_classes == 2
    told = Predictor(predict, takes="array")
    told(rows(9))
    assert told.queries == 9


def test_a_function_that_takes_neither_form_shows_both_reasons():
    def predict(rows):
        raise TypeError("a list, please")

    with pytest.raises(
        Unanswered, match=r"given a tensor of shape \(1, 2\), after 0 .*given an array of shape \(1, 2\), after 1"
    ):
        Predictor(predict)(rows(3))


def test_other_errors_are_not_taken_for_a_wrong_form():
    calls = []

    def predict(rows):
        calls.append(rows)
        raise ConnectionError("down")

    with pytest.raises(Unanswered, match="ConnectionError"):
        Predictor(predict)(rows(3))
    assert len(calls) == 1


def test_what_the_function_does_to_its_batch_stays_there():
    x = rows(4)
    before = x.clone()
    Predictor(lambda batch: batch.zero_().sum(1).long())(x)
    Predictor(lambda batch: np.zeros(len(batch.fill(0) or batch)), takes="array")(x)
    assert torch.equal(x, before)


def test_a_module_is_asked_without_a_graph_and_by_its_largest_output():
    trained = digits_network()
    target = Predictor(trained.model, batch_size=100)
    labels = target(trained.images)
    assert torch.equal(labels, trained.model(trained.images).argmax(1))
    assert (target.num_classes, target.queries) == (10, 256)


def test_a_module_in_training_mode_is_refused():
    with pytest.raises(InputError, match=r"in training mode, or a part of it: call \.eval\(\) first"):
        Predictor(nn.Sequential(nn.Linear(2, 2), nn.Dropout()))


def test_another_number_of_classes_than_before_is_told():
    target = Predictor(lambda batch: torch.zeros(len(batch), len(batch) + 1), takes="tensor", name="odd")
    target(rows(3))
    with pytest.raises(Unanswered, match="odd gave scores of 6 classes, where 4 are known"):
        target(rows(5))
    with pytest.raises(Unanswered, match=r"gave the class 9, where there are 3: classes are numbered from 0 to 2"):
        Predictor(lambda batch: [9] * len(batch), num_classes=3)(rows(2))


def test_an_account_for_judging_is_its_own():
    target = Predictor(Service().predict, budget=3, num_classes=2)
    judge = target.unlimited()
    judge(rows(10))
    assert (target.queries, judge.queries, judge.left) == (0, 10, None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"predict": 3}, "a predict function must be callable, got int"),
        ({"budget": 0}, "budget of a predict function must be at least 1, got 0"),
        ({"num_classes": 1}, "num_classes of a predict function must be at least 2, got 1"),
        ({"batch_size": 0}, "batch_size of a predict function must be at least 1, got 0"),
    ],
)
def test_options_that_cannot_be_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        Predictor(**{"predict": len, **options})


def test_decisions_decide_as_the_function_does_and_are_no_probabilities():
    trained = digits_network()
    decisions = Decisions(Predictor(trained.model, num_classes=10))
    output = decisions(trained.images)
    assert torch.equal(output.argmax(1), trained.model(trained.images).argmax(1))
    assert (output.sum(1) == -9).all()
    with pytest.raises(InputError, match=r"how many classes does len tell apart\? Pass num_classes="):
        Decisions(len)
