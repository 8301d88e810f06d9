"""Tests of burnish.models.vision.fractalnet."""

import re

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.models import count, create
from burnish.models.vision.fractalnet import FractalBlock, FractalNet, Join, Path


def small(columns=3, widths=(4, 6), **options):
    torch.manual_seed(0)
    model = FractalNet(10, 3, columns=columns, widths=widths, **options)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_var, 0.5, 1.5)
            nn.init.normal_(module.running_mean, std=0.2)
    return model


def test_counts_are_those_of_the_authors_widths():
    with torch.device("meta"):
        counts = count(create("fractalnet", 10, 3), torch.zeros(1, 3, 32, 32))
    assert counts.parameters == 33_734_922
    assert counts.macs / 1e6 == pytest.approx(845.2, abs=0.05)


def test_a_block_is_the_fractal_of_the_paper():
    torch.manual_seed(0)
    block, x = FractalBlock(3, 4, 3, 0.0, 0.15).eval(), torch.randn(2, 3, 6, 6)
    (f0,), (f1, f2), (f3, f4, f5, f6) = block.columns
    middle = (f1(x) + f4(f3(x))) / 2
    wanted = (block.pool(f0(x)) + block.pool(f2(middle)) + block.pool(f6(f5(middle)))) / 3
    torch.testing.assert_close(block(x), wanted)


@pytest.mark.parametrize("index", [0, 1, 2])
@pytest.mark.parametrize("size", [(32, 32), (28, 17)])
def test_a_column_is_the_fractal_with_that_column_alone(index, size):
    model, images = small().eval(), torch.rand(2, 3, *size)
    model.only_column = index
    alone = model(images)
    torch.testing.assert_close(model.column(index)(images), alone)
    model.only_column = None
    assert not torch.allclose(model(images), alone, rtol=1e-3)


def test_a_column_is_a_copy_of_a_plain_network():
    model = small()
    plain = model.column(1).eval()
    assert sum(isinstance(module, nn.Conv2d) for module in plain.modules()) == 2 * 2
    assert not [module for module in plain.modules() if isinstance(module, Join)]
    nn.init.zeros_(plain.fc.weight)
    assert model.fc.weight.any()


def test_the_deepest_path_has_20_layers():
    with torch.device("meta"):
        model = create("fractalnet")
        assert sum(isinstance(module, nn.Conv2d) for module in model.column(2).modules()) == 20


def solo(column):
    return Path(torch.arange(3) == column, torch.tensor(True))


def statistics(model):
    return {name: tensor.clone() for name, tensor in model.named_buffers() if "running" in name}


def test_a_batch_of_one_column_moves_the_statistics_of_that_column_alone():
    model = small().train()
    before, model._path = statistics(model), lambda device: solo(2)
    model(torch.rand(4, 3, 8, 8))
    changed = {name for name, tensor in statistics(model).items() if not torch.equal(tensor, before[name])}
    assert changed == {name for name in before if "columns.2." in name and ".alone." in name}


def test_a_batch_of_many_columns_moves_the_shared_statistics():
    model = small(global_share=0.0).train()
    before = statistics(model)
    model(torch.rand(4, 3, 8, 8))
    changed = {name for name, tensor in statistics(model).items() if not torch.equal(tensor, before[name])}
    assert changed == {name for name in before if ".norm." in name}


def test_statistics_of_a_column_are_those_that_its_plain_network_would_gather():
    model, images = small(dropout=0.0).train(), torch.rand(4, 3, 8, 8)
    plain, model._path = model.column(1), lambda device: solo(1)
    torch.testing.assert_close(model(images), plain(images))
    after = model.column(1)
    for name, tensor in statistics(plain).items():
        torch.testing.assert_close(after.get_buffer(name), tensor)


def test_frozen_statistics_stay_and_are_used():
    model, images = small(drop_path=0.0, dropout=0.0, global_share=0.0), torch.rand(4, 3, 8, 8)
    before, expected = statistics(model), model.eval()(images)
    model.train()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()
    torch.testing.assert_close(model(images), expected)
    assert all(torch.equal(tensor, before[name]) for name, tensor in statistics(model).items())


def joins_of(draws, allowed, drop=0.15, inputs=3):
    join = Join(drop).train()
    ones = [torch.full((1,), 10.0**n) for n in range(inputs)]
    return [round(join(ones, allowed).item(), 3) for _ in range(draws)]


def test_a_join_is_the_mean_of_those_that_live_and_one_always_does():
    torch.manual_seed(0)
    found = joins_of(500, torch.ones(3, dtype=torch.bool), drop=0.9)
    assert set(found) == {1.0, 10.0, 100.0, 5.5, 50.5, 55.0, 37.0}


def test_inputs_are_dropped_as_often_as_stated():
    torch.manual_seed(0)
    found = joins_of(4000, torch.ones(3, dtype=torch.bool), drop=0.15)
    full = sum(value == 37.0 for value in found) / 4000
    assert full == pytest.approx(0.85**3, abs=0.03)  # 4 standard errors
    lone = sum(value in (1.0, 10.0, 100.0) for value in found) / 4000
    assert lone == pytest.approx(3 * 0.85 * 0.15**2 + 0.15**3, abs=0.016)


def test_a_column_chosen_for_the_whole_network_is_never_dropped():
    torch.manual_seed(0)
    assert set(joins_of(200, torch.tensor([False, True, False]), drop=0.9)) == {10.0}


def test_a_join_that_no_live_column_reaches_stays_finite():
    assert joins_of(1, torch.zeros(3, dtype=torch.bool)) == [37.0]


@pytest.mark.parametrize(("share", "single"), [(1.0, True), (0.0, False)])
def test_the_share_of_batches_with_a_single_column_is_kept(share, single):
    model, seen = small(global_share=share).train(), []
    model.blocks[0].register_forward_pre_hook(lambda module, args: seen.append(args[1].allowed))
    for _ in range(60):
        model(torch.rand(2, 3, 8, 8))
    counts = {int(allowed.sum()) for allowed in seen}
    assert counts == ({1} if single else {3})
    if single:
        assert {int(allowed.int().argmax()) for allowed in seen} == {0, 1, 2}


def test_half_of_the_batches_use_a_single_column():
    torch.manual_seed(0)
    model = small(columns=2, widths=(1,)).train()
    single = sum(bool(model._path(torch.device("cpu")).alone) for _ in range(1600)) / 1600
    assert single == pytest.approx(0.5, abs=0.05)  # 4 standard errors


def test_one_column_is_used_in_every_block_of_a_batch():
    model, seen = small(widths=(2, 2, 2), global_share=1.0).train(), []
    for block in model.blocks:
        block.register_forward_pre_hook(lambda module, args: seen.append(args[1].allowed))
    model(torch.rand(2, 3, 8, 8))
    assert torch.equal(seen[0], seen[1])
    assert torch.equal(seen[0], seen[2])


def test_only_the_chosen_column_learns_from_a_global_batch():
    model = small(global_share=1.0, drop_path=0.5, dropout=0.0).train()
    model._path = lambda device: solo(1)
    model(torch.rand(2, 3, 8, 8)).square().sum().backward()
    for block in model.blocks:
        learns = [any(bool(p.grad.any()) for p in column.parameters()) for column in block.columns]
        assert learns == [False, True, False]


def test_dropout_rises_from_the_first_block_to_the_last():
    with torch.device("meta"):
        blocks = create("fractalnet").blocks
    rates = [{m.p for m in block.modules() if isinstance(m, nn.Dropout)} or {0.0} for block in blocks]
    assert [rate for (rate,) in rates] == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4])


def test_training_draws_no_branch_that_compilation_would_have_to_leave():
    model = small(columns=2).train()
    compiled = torch.compile(model, backend="eager", fullgraph=True)
    assert compiled(torch.rand(2, 3, 8, 8)).shape == (2, 10)


@pytest.mark.parametrize("size", [(1, 1), (28, 28), (33, 7)])
def test_any_size_works(size):
    assert small().eval()(torch.rand(2, 3, *size)).shape == (2, 10)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"columns": 0}, "columns must be at least 1, got 0"),
        ({"widths": ()}, "widths must hold the channels of at least one block, got ()"),
        ({"widths": (8, 0)}, "widths must hold the channels of at least one block, got (8, 0)"),
        ({"drop_path": 1.0}, "drop_path must lie in [0, 1), got 1.0"),
        ({"dropout": -0.1}, "dropout must lie in [0, 1), got -0.1"),
        ({"global_share": 1.5}, "global_share must lie in [0, 1], got 1.5"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(InputError, match=re.escape(message)):
        create("fractalnet-small", **options)


@pytest.mark.parametrize("index", [-1, 3])
def test_a_column_that_does_not_exist_is_refused(index):
    with pytest.raises(InputError, match=re.escape(f"column must lie in 0 ... 2, the deepest, got {index}")):
        small().column(index)
