"""Tests of burnish.attacks.white_box.rows."""

import functools

import pytest
import torch
import torch.nn.functional as F

import burnish.data
from burnish.attacks import PGD, Exceed
from burnish.attacks.white_box.least_likely import LeastLikely
from burnish.attacks.white_box.rows import RowLimits, ScaledRows, attack_rows, row_limits
from burnish.common.errors import InputError
from burnish.common.seeding import preserved_rng
from burnish.data.statistics import statistics, table_statistics
from burnish.models.for_data import for_data


def fitted(data, loss, epochs):
    """A small network of raw rows in evaluation mode."""
    rows, truth = data.train.gather(torch.arange(len(data.train)))
    with preserved_rng():
        torch.manual_seed(0)
        targets = table_statistics_of(truth) if data.schema.goal == "regression" else None
        model = for_data("mlp", data.schema, statistics(data), targets, hidden=(32,))
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
        for _ in range(epochs):
            optimizer.zero_grad()
            loss(model(rows), truth).backward()
            optimizer.step()
    model.zero_grad(set_to_none=True)
    return model.eval()


def table_statistics_of(truth):
    source = burnish.data.TensorSource(truth.view(-1, 1))
    return table_statistics(source)


@functools.cache
def tumours():
    data = burnish.data.load("breast-cancer")
    model = fitted(data, F.cross_entropy, 60)
    return (data, model, *data.test.gather(torch.arange(len(data.test))))


@functools.cache
def patients(folder):
    """A table with a category and gaps: the class follows the numbers, and the category says which sign counts."""
    draw = torch.Generator().manual_seed(0)
    numbers = torch.randn(600, 3, generator=draw) * torch.tensor([1.0, 10.0, 1000.0]) + torch.tensor([0.0, 5.0, -300.0])
    group = torch.randint(3, (600,), generator=draw)
    classes = (numbers[:, 0] + numbers[:, 1] / 10 - 0.5 + 0.8 * (group - 1) > 0).long()
    lines = ["a,b,c,group,class"]
    for number, (row, kind, label) in enumerate(zip(numbers.tolist(), group.tolist(), classes.tolist(), strict=True)):
        b = "" if number % 5 == 0 else f"{row[1]:.4f}"
        lines.append(f"{row[0]:.4f},{b},{row[2]:.2f},{'xyz'[kind]},{['no', 'yes'][label]}")
    path = folder / "patients.csv"
    path.write_text("\n".join(lines) + "\n")
    data = burnish.data.load(path, target="class")
    model = fitted(data, F.cross_entropy, 80)
    return (data, model, *data.test.gather(torch.arange(len(data.test))))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tables")


def accuracy(model, rows, labels):
    with torch.no_grad():
        return (model(rows).argmax(dim=1) == labels).float().mean().item()


def test_accuracy_falls_within_half_a_deviation_of_each_column_and_its_bounds():
    data, model, rows, labels = tumours()
    limits = row_limits(data)
    result = attack_rows(PGD(model, eps=0.5, steps=20), limits, rows, labels)
    assert accuracy(model, rows, labels) > 0.9
    assert accuracy(model, result.inputs, labels) < 0.4
    assert accuracy(model, result.inputs, labels) == pytest.approx(result.robust_accuracy().value)
    assert ((result.inputs - rows).abs() <= 0.5 * limits.scale * (1 + 1e-5)).all()
    assert (result.inputs >= torch.minimum(limits.low, rows)).all()
    assert (result.inputs <= torch.maximum(limits.high, rows)).all()
    assert ((limits.scale.max() / limits.scale.min()) > 1e4).item()  # one eps in raw units would fit no column
    noise = 0.5 * limits.scale * (torch.rand(rows.shape, generator=torch.Generator().manual_seed(0)) - 0.5).sign()
    assert accuracy(model, rows + noise, labels) > 0.85


@pytest.mark.parametrize(("norm", "eps"), [("l2", 2.0), ("l1", 6.0)])
def test_other_norms_are_measured_in_deviations_too(norm, eps):
    data, model, rows, labels = tumours()
    limits = row_limits(data)
    result = attack_rows(PGD(model, eps=eps, norm=norm, steps=20), limits, rows, labels)
    assert accuracy(model, result.inputs, labels) < 0.5
    change = ((result.inputs - rows) / limits.scale).double()
    assert (change.norm(p=2 if norm == "l2" else 1, dim=1) <= eps * (1 + 1e-4)).all()


def test_categories_and_missing_cells_stay_as_they_are(folder):
    data, model, rows, labels = patients(folder)
    limits = row_limits(data)
    result = attack_rows(PGD(model, eps=0.5, steps=20), limits, rows, labels)
    assert accuracy(model, rows, labels) > 0.85
    assert result.robust_accuracy().value < 0.6
    assert torch.equal(result.inputs.isnan(), rows.isnan())
    assert rows.isnan().any()
    assert limits.frozen.tolist() == [False, False, False, True]
    assert torch.equal(result.inputs[:, 3], rows[:, 3])
    gaps = rows.isnan().any(dim=1)
    assert (result.success & gaps & ~result.wrong).any()  # a row with a gap is fooled by its other cells


def test_a_frozen_column_and_rows_that_were_left_alone_are_the_same_to_the_last_bit(folder):
    data, model, rows, labels = patients(folder)
    result = attack_rows(PGD(model, eps=0.5), row_limits(data, frozen=["a"]), rows, labels)
    assert torch.equal(result.inputs[:, 0], rows[:, 0])
    assert torch.equal(result.inputs[result.wrong].nan_to_num(-1), rows[result.wrong].nan_to_num(-1))
    free = attack_rows(PGD(model, eps=0.5), row_limits(data), rows, labels)
    assert free.success.sum() > result.success.sum()


def test_a_cell_outside_the_bounds_of_training_may_stay_there_and_goes_no_farther():
    data, model, rows, labels = tumours()
    rows, limits = rows.clone(), row_limits(data)
    rows[:, 0] = limits.high[0] + 3 * limits.scale[0]
    rows[:, 1] = limits.low[1] - 3 * limits.scale[1]
    made = attack_rows(PGD(model, eps=0.5, skip_wrong=False), limits, rows, labels).inputs
    assert (made[:, 0] <= rows[:, 0]).all()
    assert (made[:, 1] >= rows[:, 1]).all()
    assert not torch.equal(made, rows)


def test_a_number_to_predict_is_driven_away_by_a_loss_of_the_users_own():
    data = burnish.data.load("diabetes")
    model = fitted(data, lambda output, truth: F.mse_loss(output.flatten(), truth), 150)
    rows, _ = data.test.gather(torch.arange(len(data.test)))
    with torch.no_grad():
        answers = model(rows)
    goal = Exceed(lambda output, target: (output - target).abs().flatten(1).sum(1), limit=40.0)
    result = attack_rows(PGD(model, eps=0.5, goal=goal, steps=20), row_limits(data), rows, answers)
    with torch.no_grad():
        moved = (model(result.inputs) - answers).abs().flatten()
        noise = torch.randn(rows.shape, generator=torch.Generator().manual_seed(0)).sign() * row_limits(data).scale
        by_noise = (model(rows + 0.5 * noise) - answers).abs().flatten()
    assert not result.wrong.any()
    assert torch.equal(result.success, moved > 40)
    assert result.success.float().mean() > 0.7
    assert (by_noise > 40).float().mean() < 0.35


def test_targets_and_results_of_other_kinds_go_through(folder):
    data, model, rows, labels = patients(folder)
    by_target = attack_rows(PGD(model, eps=0.5), row_limits(data), rows, labels, 1 - labels)
    assert torch.equal(by_target.success, model(by_target.inputs).argmax(1) != labels)
    least = attack_rows(LeastLikely(model, eps=0.5), row_limits(data), rows, labels)
    assert least.reach_rate().value > 0.2


def test_the_view_of_an_attack_gives_the_models_answers_and_no_gradient_to_what_is_frozen(folder):
    data, model, rows, _ = patients(folder)
    limits = row_limits(data)
    seen = ScaledRows(model, limits)
    encoded = ScaledRows.encode(rows, limits).requires_grad_()
    assert not seen.training
    assert torch.allclose(seen(encoded), model(rows), atol=1e-4)
    (gradient,) = torch.autograd.grad(seen(encoded).square().sum(), encoded)
    assert gradient.isfinite().all()
    assert (gradient[:, 3:] == 0).all()
    assert (gradient[:, 0] != 0).all()
    assert (gradient[:, 1][rows[:, 1].isnan()] == 0).all()


def test_limits_that_cannot_be_are_refused(folder):
    data, model, rows, labels = patients(folder)
    with pytest.raises(InputError, match="unknown column 'bb'"):
        row_limits(data, frozen=["bb"])
    with pytest.raises(InputError, match="every column is frozen"):
        row_limits(data, frozen=["a", "b", "c"])
    with pytest.raises(InputError, match="digits is image data"):
        row_limits(burnish.data.load("digits"))
    with pytest.raises(InputError, match=r"expected rows \(N, 4\), got \(5, 3\): one number for each column"):
        attack_rows(PGD(model, eps=0.1), row_limits(data), rows[:5, :3], labels[:5])
    with pytest.raises(InputError, match="low <= high"):
        RowLimits(torch.ones(2), torch.zeros(2), torch.ones(2), torch.zeros(2, dtype=torch.bool))
    with pytest.raises(InputError, match="one number a column"):
        RowLimits(torch.ones(2), torch.ones(3), torch.ones(2), torch.zeros(2, dtype=torch.bool))


def test_the_model_is_left_alone():
    data, model, rows, labels = tumours()
    weights = [parameter.clone() for parameter in model.parameters()]
    state = torch.get_rng_state()
    attack_rows(PGD(model, eps=0.5), row_limits(data), rows, labels)
    assert all(torch.equal(a, b) for a, b in zip(weights, model.parameters(), strict=True))
    assert all(parameter.grad is None for parameter in model.parameters())
    assert torch.equal(torch.get_rng_state(), state)
    assert not any(module.training for module in model.modules())
