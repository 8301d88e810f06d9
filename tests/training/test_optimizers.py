"""Tests of burnish.training.optimizers. Every rule is compared with its formula, written out here."""

import copy
import math
from typing import get_args

import pytest
import torch
from torch import distributed, nn

from burnish.common.errors import InputError
from burnish.training.average import WeightAverage
from burnish.training.clipping import clip_
from burnish.training.constraints import max_norm_
from burnish.training.newton_cg import NewtonCG
from burnish.training.optimizers import LINE_SEARCH, build_optimizer, closure_kind, default_learning_rate
from burnish.training.options import OptimizerName
from burnish.training.penalties import Penalty

NAMES = get_args(OptimizerName)
RATE, MOMENTUM = 0.05, 0.8


def gradient(w: torch.Tensor) -> torch.Tensor:
    """Of sum(w^4 / 4 + sin w): not linear, so that the place where it is taken matters."""
    return w**3 + w.cos()


def sgd(w: torch.Tensor, steps: int) -> torch.Tensor:
    for _ in range(steps):
        w = w - RATE * gradient(w)
    return w


def momentum(w: torch.Tensor, steps: int) -> torch.Tensor:
    v = torch.zeros_like(w)
    for _ in range(steps):
        v = MOMENTUM * v - RATE * gradient(w)
        w = w + v
    return w


def nesterov(w: torch.Tensor, steps: int) -> torch.Tensor:
    v = torch.zeros_like(w)
    for _ in range(steps):
        v = MOMENTUM * v - RATE * gradient(w + MOMENTUM * v)
        w = w + v
    return w + MOMENTUM * v  # the weights that are kept are those looked ahead to


def adagrad(w: torch.Tensor, steps: int) -> torch.Tensor:
    total = torch.zeros_like(w)
    for _ in range(steps):
        g = gradient(w)
        total = total + g * g
        w = w - RATE * g / (total.sqrt() + 1e-10)
    return w


def rmsprop(w: torch.Tensor, steps: int) -> torch.Tensor:
    mean_square = torch.zeros_like(w)
    for _ in range(steps):
        g = gradient(w)
        mean_square = 0.9 * mean_square + 0.1 * g * g
        w = w - RATE * g / (mean_square.sqrt() + 1e-8)
    return w


def adam(w: torch.Tensor, steps: int, decay: float = 0.0) -> torch.Tensor:
    m, v = torch.zeros_like(w), torch.zeros_like(w)
    for t in range(1, steps + 1):
        g = gradient(w)
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g * g
        m_hat, v_hat = m / (1 - 0.9**t), v / (1 - 0.999**t)
        w = w - RATE * (m_hat / (v_hat.sqrt() + 1e-8)) - RATE * decay * w
    return w


FORMULAS = {
    "sgd": sgd,
    "momentum": momentum,
    "nesterov": nesterov,
    "adagrad": adagrad,
    "rmsprop": rmsprop,
    "adam": adam,
    "adamw": adam,
}


def taken(name: OptimizerName, start: torch.Tensor, steps: int, weight_decay: float = 0.0) -> torch.Tensor:
    w = nn.Parameter(start.clone())
    optimizer = build_optimizer(name, [w], learning_rate=RATE, momentum=MOMENTUM, weight_decay=weight_decay)
    for _ in range(steps):
        w.grad = gradient(w.detach())
        optimizer.step()
    return w.detach()


@pytest.mark.parametrize("steps", [1, 2, 25])
@pytest.mark.parametrize("name", sorted(FORMULAS))
def test_a_rule_follows_its_formula(name, steps):
    start = torch.linspace(-1.5, 1.5, 35, dtype=torch.float64).reshape(5, 7)
    expected = FORMULAS[name](start, steps)
    assert not torch.allclose(expected, start)
    torch.testing.assert_close(taken(name, start, steps), expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", sorted(FORMULAS))
def test_single_precision_follows_double(name):
    start = torch.linspace(-1.5, 1.5, 35).reshape(5, 7)
    torch.testing.assert_close(taken(name, start, 5), taken(name, start.double(), 5).float(), rtol=1e-4, atol=1e-5)


def test_adamw_decays_apart_from_the_gradient():
    start = torch.linspace(-1.5, 1.5, 6, dtype=torch.float64).reshape(2, 3)
    torch.testing.assert_close(taken("adamw", start, 10, weight_decay=0.3), adam(start, 10, decay=0.3))


def test_sgd_with_decay_descends_the_loss_with_a_square_penalty():
    start = torch.linspace(-1.5, 1.5, 6, dtype=torch.float64).reshape(2, 3)
    torch.testing.assert_close(taken("sgd", start, 1, weight_decay=0.3), start - RATE * (gradient(start) + 0.3 * start))


@pytest.mark.parametrize("name", sorted(set(NAMES) - LINE_SEARCH))
def test_biases_and_normalisation_do_not_decay(name):
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.LayerNorm([4, 4]), nn.Flatten(), nn.Linear(32, 3))
    before = copy.deepcopy(model)
    optimizer = build_optimizer(name, model.parameters(), weight_decay=0.5, module=model)
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    moved = {
        key: not torch.equal(old, new)
        for (key, old), new in zip(before.named_parameters(), model.parameters(), strict=True)
    }
    assert {key for key, changed in moved.items() if changed} == {"0.weight", "4.weight"}


def test_parameters_keep_their_order():
    parameters = [nn.Parameter(torch.zeros(shape)) for shape in [(3,), (2, 3), (1,), (4, 4), (2, 2, 2)]]
    groups = build_optimizer("adamw", parameters, weight_decay=0.1).param_groups
    assert [[p.shape for p in group["params"]] for group in groups] == [[(2, 3), (4, 4), (2, 2, 2)], [(3,), (1,)]]
    assert [group["weight_decay"] for group in groups] == [0.1, 0.0]
    groups = build_optimizer("adamw", parameters).param_groups
    assert [[p.shape for p in group["params"]] for group in groups] == [[p.shape for p in parameters]]


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_lowers_the_loss_of_a_regression(name):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(64, 3, generator=generator)
    y = x @ torch.tensor([[1.0], [-2.0], [0.5]])
    torch.manual_seed(0)
    model = nn.Linear(3, 1)
    optimizer = build_optimizer(name, model.parameters())

    def loss() -> torch.Tensor:
        return (model(x) - y).square().mean()

    def with_backward() -> torch.Tensor:
        optimizer.zero_grad()
        value = loss()
        value.backward()
        return value

    before = loss().item()
    for _ in range(20):
        match closure_kind(optimizer):
            case "none":
                with_backward()
                optimizer.step()
            case "backward":
                optimizer.step(with_backward)
            case "graph":
                optimizer.step(loss)
    assert loss().item() < (1e-6 if name in LINE_SEARCH else 0.99 * before)


@pytest.mark.parametrize("name", NAMES)
def test_a_saved_state_continues_bit_for_bit(name, tmp_path):
    torch.manual_seed(0)
    x, model = torch.randn(16, 4), nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 1))
    decay = 0.0 if name in LINE_SEARCH else 0.01

    def advance(model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        def closure() -> torch.Tensor:
            loss = (model(x) - x[:, :1].sin()).square().mean()
            if closure_kind(optimizer) != "graph":
                optimizer.zero_grad()
                loss.backward()
            return loss

        if closure_kind(optimizer) == "none":
            closure()
            optimizer.step()
        else:
            optimizer.step(closure)

    optimizer = build_optimizer(name, model.parameters(), weight_decay=decay)
    for _ in range(3):
        advance(model, optimizer)
    torch.save([model.state_dict(), optimizer.state_dict()], tmp_path / "state.pt")
    for _ in range(3):
        advance(model, optimizer)

    weights, state = torch.load(tmp_path / "state.pt", weights_only=True)
    other = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 1))
    other.load_state_dict(weights)
    resumed = build_optimizer(name, other.parameters(), weight_decay=decay)
    resumed.load_state_dict(state)
    for _ in range(3):
        advance(other, resumed)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), other.parameters(), strict=True))


@pytest.mark.parametrize(
    ("name", "kind"), [("sgd", "none"), ("adamw", "none"), ("lbfgs", "backward"), ("newton-cg", "graph")]
)
def test_the_kind_of_closure_is_told(name, kind):
    assert closure_kind(build_optimizer(name, nn.Linear(2, 1).parameters())) == kind


@pytest.mark.parametrize("name", NAMES)
def test_the_usual_rate_is_taken_where_none_is_given(name):
    optimizer = build_optimizer(name, nn.Linear(2, 1).parameters())
    assert {group["lr"] for group in optimizer.param_groups} == {default_learning_rate(name)}


def test_the_fastest_form_is_chosen_on_the_cpu():
    forms = {name: build_optimizer(name, nn.Linear(2, 1).parameters()).defaults for name in FORMULAS}
    assert {name for name, form in forms.items() if form.get("fused")} == set(FORMULAS) - {"rmsprop"}
    assert forms["rmsprop"]["foreach"]
    assert isinstance(build_optimizer("newton-cg", nn.Linear(2, 1).parameters()), NewtonCG)


@pytest.fixture
def mesh():
    distributed.init_process_group("gloo", store=distributed.HashStore(), rank=0, world_size=1)
    yield distributed.device_mesh.init_device_mesh("cpu", (1,))
    distributed.destroy_process_group()


@pytest.mark.parametrize("name", sorted(FORMULAS))
def test_sharded_parameters_are_updated_like_whole_ones(name, mesh):
    """With penalty, clipping, constraint and average, since each of them meets the shards too."""
    from torch.distributed.fsdp import fully_shard

    torch.manual_seed(0)
    x, whole = torch.randn(4, 3, 8, 8), nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Linear(288, 5))
    sharded = copy.deepcopy(whole)
    fully_shard(sharded, mesh=mesh)
    for model in (whole, sharded):
        optimizer = build_optimizer(name, model.parameters(), weight_decay=0.01)
        penalty, average = Penalty(model.parameters(), l1=1e-3, l2=1e-2), WeightAverage(model, 0.9)
        for _ in range(3):
            (model(x).square().mean() + penalty()).backward()
            clip_(model.parameters(), norm=0.01, value=0.005)
            optimizer.step()
            optimizer.zero_grad()
            max_norm_(model, 0.5)
            average.update(model)
        with average.swapped(model):
            kept = [parameter.detach().clone() for parameter in model.parameters()]
        average.copy_to(model)
        assert all(torch.equal(a, b) for a, b in zip(kept, model.parameters(), strict=True))
    for a, b in zip(whole.parameters(), sharded.parameters(), strict=True):
        torch.testing.assert_close(a.detach(), b.detach().full_tensor())


def test_an_unknown_name_is_met_with_the_closest():
    with pytest.raises(
        InputError, match=r"unknown optimizer 'adma' \(did you mean 'adam'\?\): expected one of adagrad"
    ):
        build_optimizer("adma", nn.Linear(2, 1).parameters())
    with pytest.raises(InputError, match=r"unknown optimizer 'newton' \(did you mean 'newton-cg'\?\)"):
        default_learning_rate("newton")


@pytest.mark.parametrize("rate", [0.0, -0.1, math.nan, math.inf])
def test_a_learning_rate_out_of_range_is_named(rate):
    with pytest.raises(InputError, match=f"learning_rate must be above 0, got {rate}: adam usually takes 0.001"):
        build_optimizer("adam", nn.Linear(2, 1).parameters(), learning_rate=rate)


@pytest.mark.parametrize("value", [1.0, -0.1, math.nan])
def test_a_momentum_out_of_range_is_named(value):
    with pytest.raises(InputError, match=rf"momentum must lie in \[0, 1\), got {value}"):
        build_optimizer("momentum", nn.Linear(2, 1).parameters(), momentum=value)


@pytest.mark.parametrize("value", [-0.1, math.nan])
def test_a_negative_weight_decay_is_named(value):
    with pytest.raises(InputError, match=f"weight_decay must be 0 or more, got {value}"):
        build_optimizer("adamw", nn.Linear(2, 1).parameters(), weight_decay=value)


@pytest.mark.parametrize("name", sorted(LINE_SEARCH))
def test_decay_inside_a_line_search_points_to_the_penalty(name):
    with pytest.raises(InputError, match=f"weight_decay 0.01 does not go with {name}, .*: use --l2 0.01 instead"):
        build_optimizer(name, nn.Linear(2, 1).parameters(), weight_decay=0.01)


def test_nothing_to_train_is_refused():
    with pytest.raises(InputError, match="sgd was given no parameters: the model has none, or all of them are frozen"):
        build_optimizer("sgd", [])


def test_a_layer_may_ask_for_a_share_of_the_rate():
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    model[0].learning_rate_factor = 0.1
    plain = build_optimizer("adamw", model.parameters(), learning_rate=1.0, module=model)
    assert [(group["lr"], len(group["params"])) for group in plain.param_groups] == [(1.0, 2), (0.1, 2)]
    both = build_optimizer("adamw", model.parameters(), learning_rate=1.0, module=model, layer_decay=0.5)
    assert [group["lr"] for group in both.param_groups] == pytest.approx([1.0, 0.05])
