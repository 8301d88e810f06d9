"""Tests of burnish.training.newton_cg."""

import copy
import itertools
import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from burnish.common.errors import InputError
from burnish.training.newton_cg import NewtonCG


def moons(count: int = 120) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    angle = torch.rand(count, generator=generator) * math.pi
    label = torch.arange(count) % 2
    x = torch.stack([angle.cos() + label * 1.0, angle.sin() * (1 - 2 * label) + label * 0.5], dim=1)
    return x + 0.1 * torch.randn(count, 2, generator=generator), label


def test_a_quadratic_is_solved_in_one_step():
    torch.manual_seed(0)
    root = torch.randn(8, 8, dtype=torch.float64)
    matrix, target = root @ root.T + torch.eye(8), torch.randn(8, dtype=torch.float64)
    x = nn.Parameter(torch.randn(8, dtype=torch.float64))
    NewtonCG([x], forcing=1e-12).step(lambda: 0.5 * x @ matrix @ x - target @ x)
    torch.testing.assert_close(x.detach(), torch.linalg.solve(matrix, target), rtol=0, atol=1e-10)


@pytest.mark.parametrize(("forcing", "steps"), [(0.5, 70), (1e-3, 25)])
def test_the_minimum_of_rosenbrock_is_reached(forcing, steps):
    x = nn.Parameter(torch.tensor([-1.2, 1.0], dtype=torch.float64))
    optimizer = NewtonCG([x], forcing=forcing)
    for _ in range(steps):
        optimizer.step(lambda: 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2)
    torch.testing.assert_close(x.detach(), torch.ones(2, dtype=torch.float64), rtol=0, atol=1e-6)


def test_hessian_products_equal_finite_differences_of_the_gradient():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).double()
    parameters = list(model.parameters())
    x, y = torch.randn(7, 3, dtype=torch.float64), torch.randint(2, (7,))

    def flat_gradient(create_graph: bool) -> tuple[tuple[torch.Tensor, ...], torch.Tensor]:
        gradients = torch.autograd.grad(F.cross_entropy(model(x), y), parameters, create_graph=create_graph)
        return gradients, torch.cat([gradient.reshape(-1) for gradient in gradients])

    gradients, flat = flat_gradient(create_graph=True)
    vector = torch.randn_like(flat)
    product = NewtonCG(parameters)._hessian_product(gradients, vector)

    start = nn.utils.parameters_to_vector(parameters).detach()
    around = []
    for sign in (1, -1):
        nn.utils.vector_to_parameters(start + sign * 1e-5 * vector, parameters)
        around.append(flat_gradient(create_graph=False)[1])
    torch.testing.assert_close(product, (around[0] - around[1]) / 2e-5, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_logistic_regression_reaches_the_optimum_of_scikit_learn(dtype):
    from sklearn.datasets import load_breast_cancer
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    rows, labels = load_breast_cancer(return_X_y=True)
    rows = StandardScaler().fit_transform(rows)
    reference = LogisticRegression(C=1.0, solver="newton-cholesky", tol=1e-12, max_iter=200).fit(rows, labels)

    def objective(weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        x, y = torch.as_tensor(rows, dtype=weight.dtype), torch.as_tensor(labels, dtype=weight.dtype)
        return F.binary_cross_entropy_with_logits(x @ weight + bias, y) + weight.square().sum() / (2 * len(x))

    weight, bias = nn.Parameter(torch.zeros(rows.shape[1], dtype=dtype)), nn.Parameter(torch.zeros(1, dtype=dtype))
    optimizer = NewtonCG([weight, bias])
    for _ in range(10):
        optimizer.step(lambda: objective(weight, bias))

    best = objective(torch.tensor(reference.coef_[0]), torch.tensor(reference.intercept_)).item()
    assert objective(weight.detach().double(), bias.detach().double()).item() == pytest.approx(best, abs=1e-9)
    assert np.abs(weight.detach().numpy() - reference.coef_[0]).max() < 1e-3


def test_the_loss_never_rises_from_a_start_with_negative_curvature():
    x = nn.Parameter(torch.tensor([0.1, 0.05], dtype=torch.float64))
    optimizer = NewtonCG([x])

    def loss() -> torch.Tensor:
        return (x**4 - 2 * x**2).sum()  # curvature -4 at the origin, minima of -1 at 1 and -1

    values = [optimizer.step(loss).item() for _ in range(30)]
    assert all(after <= before for before, after in itertools.pairwise(values))
    assert values[-1] == pytest.approx(-2.0, abs=1e-9)


def test_a_network_is_fitted_without_blowing_up():
    x, y = moons()
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2))
    optimizer = NewtonCG(model.parameters())
    values = [optimizer.step(lambda: F.cross_entropy(model(x), y)).item() for _ in range(40)]
    assert all(after <= before + 1e-6 for before, after in itertools.pairwise(values))
    assert values[-1] < 0.1 * values[0]


def test_a_plain_gradient_step_is_lengthened_while_that_pays():
    x = nn.Parameter(torch.tensor([1e-3], dtype=torch.float64))
    NewtonCG([x]).step(lambda: -torch.cos(x - torch.pi).sum())  # at the top of a hill: the gradient is 1e-3 too
    assert abs(x.item()) > 0.5


def test_a_linear_loss_moves_along_the_gradient():
    x = nn.Parameter(torch.zeros(2))
    NewtonCG([x]).step(lambda: (x * torch.tensor([1.0, -2.0])).sum())
    assert x[0].item() < 0
    assert x[1].item() == pytest.approx(-2 * x[0].item())


def test_a_converged_start_does_not_move():
    x = nn.Parameter(torch.zeros(3))
    optimizer = NewtonCG([x])
    assert optimizer.step(lambda: (x * x).sum()).item() == 0.0
    assert torch.equal(x, torch.zeros(3))
    assert optimizer.state[x] == {"step": 1, "products": 0, "evaluations": 0}


def test_the_tolerance_decides_what_is_converged():
    for tolerance, moves in [(1e-2, False), (1e-4, True)]:
        x = nn.Parameter(torch.full((1,), 1e-3))
        NewtonCG([x], tolerance=tolerance).step(lambda x=x: 0.5 * (x * x).sum())
        assert (x.item() != pytest.approx(1e-3)) == moves


def test_a_newton_step_beyond_all_numbers_gives_way_to_the_gradient():
    x = nn.Parameter(torch.zeros(1))
    NewtonCG([x]).step(lambda: (1e3 * x + 1e-37 * x * x).sum())  # the minimum is at -5e39, above single precision
    assert math.isfinite(x.item())
    assert x.item() <= -1e3


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_leaves_the_weights_alone(bad):
    x = nn.Parameter(torch.ones(2))
    loss = NewtonCG([x]).step(lambda: (x * bad).sum())
    assert not math.isfinite(loss.item())
    assert torch.equal(x, torch.ones(2))


def test_a_wall_in_the_way_is_backed_off_from():
    x = nn.Parameter(torch.tensor([3.0], dtype=torch.float64))
    optimizer = NewtonCG([x])
    for _ in range(20):
        optimizer.step(lambda: (x - torch.log(x)).sum())  # the first Newton step lands below 0, where log is NaN
    assert x.item() == pytest.approx(1.0, abs=1e-6)


def test_an_interrupted_search_puts_the_weights_back():
    x = nn.Parameter(torch.tensor([2.0, 1.0]))
    calls = itertools.count()

    def closure() -> torch.Tensor:
        if next(calls) == 1:
            raise KeyboardInterrupt
        return (x**2).sum()

    with pytest.raises(KeyboardInterrupt):
        NewtonCG([x]).step(closure)
    assert x.tolist() == [2.0, 1.0]


def test_every_call_of_a_step_draws_the_same_dropout_mask():
    torch.manual_seed(0)
    model, x = nn.Sequential(nn.Dropout(0.5), nn.Linear(6, 1)), torch.randn(20, 6)
    drawn = []
    model[0].register_forward_hook(lambda *args: drawn.append(args[2] == 0))
    optimizer = NewtonCG(model.parameters())
    for _ in range(2):
        optimizer.step(lambda: (model(x) - 1).square().mean())
    assert len(drawn) == 4
    assert torch.equal(drawn[0], drawn[1])
    assert torch.equal(drawn[2], drawn[3])
    assert not torch.equal(drawn[1], drawn[2])


def test_gradients_and_frozen_parameters_are_left_alone():
    free, frozen = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2), requires_grad=False)
    NewtonCG([frozen, free]).step(lambda: (free * frozen).square().sum())
    assert torch.equal(frozen, torch.ones(2))
    assert free.abs().max() < 1
    assert free.grad is None


def test_a_step_after_loading_equals_the_step_without_saving():
    x, y = moons()
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 6), nn.Tanh(), nn.Linear(6, 2))
    optimizer = NewtonCG(model.parameters())
    for _ in range(3):
        optimizer.step(lambda: F.cross_entropy(model(x), y))
    other = copy.deepcopy(model)
    resumed = NewtonCG(other.parameters())
    resumed.load_state_dict(optimizer.state_dict())
    optimizer.step(lambda: F.cross_entropy(model(x), y))
    resumed.step(lambda: F.cross_entropy(other(x), y))
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), other.parameters(), strict=True))
    assert optimizer.state_dict() == resumed.state_dict()
    assert resumed.state_dict()["state"][0]["step"] == 4


def test_an_operation_without_second_derivative_is_named():
    query = nn.Parameter(torch.randn(1, 1, 4, 8))
    with pytest.raises(InputError, match=r"newton-cg needs second derivatives, .* use lbfgs or adamw"):
        NewtonCG([query]).step(lambda: F.scaled_dot_product_attention(query, query, query).square().sum())


def test_a_closure_without_graph_is_refused():
    x = nn.Parameter(torch.ones(1))
    with pytest.raises(InputError, match="needs the loss with its graph"):
        NewtonCG([x]).step(lambda: torch.tensor(1.0))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"learning_rate": -1.0}, "learning_rate must be above 0, got -1.0"),
        ({"tolerance": -1e-3}, "tolerance must be 0 or more, got -0.001"),
        ({"forcing": 1.0}, r"forcing must lie in \(0, 1\), got 1.0"),
        ({"max_products": 0}, "max_products must be 1 or more, got 0"),
    ],
)
def test_numbers_out_of_range_are_named(options, message):
    with pytest.raises(InputError, match=message):
        NewtonCG([nn.Parameter(torch.ones(1))], **options)


def test_nothing_to_train_is_refused():
    with pytest.raises(InputError, match="all of them are frozen"):
        NewtonCG([nn.Parameter(torch.ones(1), requires_grad=False)])
