"""Tests of burnish.models.vision.swin_blocks."""

import pytest
import torch

from burnish.models.vision.swin_blocks import (
    PatchMerging,
    SwinBlock,
    WindowAttention,
    drawn_linear,
    heads_joined,
    into_windows,
    neighbours,
    out_of_windows,
    relative_positions,
    wrapped,
)


def attention(shift=0, window=4):
    torch.manual_seed(0)
    built = WindowAttention(8, heads=2, window=window, shift=shift)
    for parameter in built.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return built


def reached(layer, size, place):
    """Positions whose output depends on the input at ``place``."""
    maps = torch.randn(1, *size, 8, requires_grad=True)
    layer(maps)[0, place[0], place[1]].sum().backward()
    return maps.grad[0].abs().amax(dim=-1) > 1e-12  # -100 leaves e^-100 of what wraps around


def test_windows_are_cut_row_by_row_and_put_together_again():
    maps = torch.randn(2, 6, 9, 4)
    windows = into_windows(maps, 3)
    assert windows.shape == (2 * 2 * 3, 9, 4)
    assert torch.equal(windows[1].view(3, 3, 4), maps[0, :3, 3:6])
    assert torch.equal(windows[6 + 3].view(3, 3, 4), maps[1, 3:, :3])
    assert torch.equal(out_of_windows(windows, 3, (6, 9)), maps)


def test_attention_stays_inside_its_window():
    seen = reached(attention(), (8, 8), (5, 2))
    expected = torch.zeros(8, 8, dtype=torch.bool)
    expected[4:, :4] = True
    assert torch.equal(seen, expected)


@pytest.mark.parametrize(
    ("place", "rows", "columns"),
    [((3, 3), slice(2, 6), slice(2, 6)), ((0, 0), slice(0, 2), slice(0, 2)), ((7, 4), slice(6, 8), slice(2, 6))],
)
def test_a_shifted_window_lies_across_and_does_not_wrap_around(place, rows, columns):
    seen = reached(attention(shift=2), (8, 8), place)
    expected = torch.zeros(8, 8, dtype=torch.bool)
    expected[rows, columns] = True
    assert torch.equal(seen, expected)


def test_a_side_that_one_window_covers_is_not_shifted():
    maps = torch.randn(1, 4, 4, 8)
    torch.testing.assert_close(attention(shift=2)(maps), attention()(maps))
    seen = reached(attention(shift=2), (4, 8), (0, 3))
    assert torch.equal(seen, torch.tensor([False, False, True, True, True, True, False, False]).expand(4, 8))


@pytest.mark.parametrize("shift", [0, 2])
def test_maps_that_no_window_divides_are_padded_with_zeros(shift):
    layer, maps = attention(shift), torch.randn(2, 6, 9, 8)
    padded = torch.zeros(2, 8, 12, 8)
    padded[:, :6, :9] = maps
    torch.testing.assert_close(layer(maps), layer(padded)[:, :6, :9])


def test_heads_lie_side_by_side():
    joined = heads_joined(torch.arange(12.0).view(1, 2, 3, 2))
    assert joined[0].tolist() == [[0, 1, 6, 7], [2, 3, 8, 9], [4, 5, 10, 11]]


@pytest.mark.filterwarnings("ignore::FutureWarning")  # torch's own decomposition calls what torch deprecates
def test_a_program_exported_without_gradients_survives_the_decomposition_that_onnx_needs():
    layer, maps = attention(shift=2).eval(), torch.randn(1, 8, 8, 8)
    with torch.no_grad():
        program = torch.export.export(layer, (maps,))
    torch.testing.assert_close(program.run_decompositions({}).module()(maps), layer(maps))


def test_the_bias_depends_on_the_offset_alone():
    layer = attention()
    bias = layer.position_bias().view(2, 4, 4, 4, 4)
    torch.testing.assert_close(bias[:, 0, 0, 1, 2], bias[:, 2, 1, 3, 3])
    assert not torch.allclose(bias[:, 0, 0, 1, 2], bias[:, 1, 2, 0, 0])
    table = layer.relative_position_bias_table.view(7, 7, 2)
    assert torch.equal(bias[:, 1, 2, 3, 1], table[1 - 3 + 3, 2 - 1 + 3])


def test_the_bias_is_added_to_the_similarities():
    layer = attention()
    with torch.no_grad():
        layer.qkv.weight[:16].zero_()
        layer.qkv.bias[:16].zero_()
        layer.relative_position_bias_table.fill_(-1e4)
        layer.relative_position_bias_table[relative_positions(4).view(16, 16)[0, 0]] = 0  # each looks at itself alone
    maps = torch.randn(1, 4, 4, 8)
    torch.testing.assert_close(layer(maps), layer.proj(layer.qkv(maps)[..., 16:]))


def test_regions_that_the_shift_wraps_are_kept_apart():
    apart = wrapped((8, 4), side=4, shift=(2, 0))
    assert apart.shape == (2, 16, 16)
    assert apart[0].abs().max() == 0
    assert apart[1, :8, :8].abs().max() == apart[1, 8:, 8:].abs().max() == 0
    assert apart[1, :8, 8:].unique().tolist() == apart[1, 8:, :8].unique().tolist() == [-100]


def test_four_neighbours_lie_side_by_side_and_odd_sides_are_padded():
    maps = torch.arange(15.0).view(1, 3, 5, 1)
    merged = neighbours(maps)
    assert merged.shape == (1, 2, 3, 4)
    assert merged[0, 0, 1].tolist() == [2, 7, 3, 8]
    assert merged[0, 1, 2].tolist() == [14, 0, 0, 0]


def test_merging_normalises_what_it_gathers():
    merging, maps = PatchMerging(4), torch.randn(1, 4, 4, 4)
    torch.testing.assert_close(merging(maps * 3 + 1), merging(maps), rtol=1e-3, atol=1e-4)


def test_both_branches_of_a_block_are_added_to_what_came_in():
    block, maps = SwinBlock(WindowAttention(8, 2, 4, 0), 8, survival=1.0), torch.randn(1, 4, 4, 8)
    torch.nn.init.zeros_(block.attn.proj.weight)
    torch.nn.init.zeros_(block.mlp[-1].weight)
    assert torch.equal(block(maps), maps)
    torch.nn.init.ones_(block.attn.proj.bias)
    torch.nn.init.ones_(block.mlp[-1].bias)
    torch.testing.assert_close(block(maps), maps + 2)


def test_dropped_branches_leave_a_sample_as_it_is():
    torch.manual_seed(0)
    block = SwinBlock(WindowAttention(8, 2, 2, 0), 8, survival=0.5).train()
    maps = torch.randn(400, 2, 2, 8)
    untouched = (block(maps) == maps).flatten(1).all(dim=1).float().mean().item()
    assert untouched == pytest.approx(0.25, abs=5 * (0.25 * 0.75 / 400) ** 0.5)


def test_linear_layers_are_drawn_narrowly():
    torch.manual_seed(0)
    layer = drawn_linear(100, 200)
    assert layer.weight.std().item() == pytest.approx(0.02, rel=0.05)
    assert layer.bias.abs().max() == 0
