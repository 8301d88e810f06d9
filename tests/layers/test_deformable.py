"""Tests of burnish.layers.deformable."""

import copy
import itertools
import math
import pickle

import pytest
import torch
import torch.nn.functional as F

from burnish.common.errors import InputError
from burnish.layers import deformable
from burnish.layers.deformable import DeformableConv2d, deform_conv2d

SHAPES = [
    # batch, in, out, kernel, stride, padding, dilation, groups, offset groups, height, width
    (2, 2, 3, (3, 3), (1, 1), (1, 1), (1, 1), 1, 1, 5, 4),
    (1, 4, 6, (3, 3), (2, 2), (1, 1), (1, 1), 2, 2, 7, 8),
    (2, 4, 4, (1, 3), (1, 2), (0, 2), (1, 2), 4, 1, 5, 6),
    (1, 6, 2, (2, 3), (2, 1), (2, 0), (2, 1), 2, 3, 6, 5),
    (1, 2, 2, (1, 1), (1, 1), (0, 0), (1, 1), 1, 2, 1, 4),
]


def output_sides(shape):
    _, _, _, kernel, stride, padding, dilation, _, _, *sides = shape
    return [
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, s, p, d in zip(sides, kernel, stride, padding, dilation, strict=True)
    ]


def tensors(shape, spread=1.5):
    batch, channels, out, kernel, _, _, _, groups, offset_groups, height, width = shape
    generator = torch.Generator().manual_seed(0)
    taps, sides = kernel[0] * kernel[1], output_sides(shape)

    def draw(*sizes):
        return torch.randn(*sizes, generator=generator, dtype=torch.float64)

    offset = draw(batch, 2 * taps * offset_groups, *sides) * spread
    return {
        "input": draw(batch, channels, height, width),
        "offset": offset,
        "weight": draw(out, channels // groups, *kernel),
        "bias": draw(out),
        "mask": draw(batch, taps * offset_groups, *sides).sigmoid(),
    }


def geometry(shape):
    return {"stride": shape[4], "padding": shape[5], "dilation": shape[6]}


def pixel(plane, y, x):
    """Bilinear interpolation by its definition: eq. 3 and 4, every pixel of the plane in turn; zeros outside."""
    total = 0.0
    for row, column in itertools.product(range(plane.shape[0]), range(plane.shape[1])):
        total += plane[row, column].item() * max(0.0, 1 - abs(row - y)) * max(0.0, 1 - abs(column - x))
    return total


def by_definition(shape, input, offset, weight, bias, mask):
    batch, _channels, out, kernel, stride, padding, dilation, groups, offset_groups, *_ = shape
    height, width = output_sides(shape)
    result = torch.zeros(batch, out, height, width, dtype=torch.float64)
    channels = weight.shape[1]
    for b, o, i, j in itertools.product(range(batch), range(out), range(height), range(width)):
        total = bias[o].item()
        for c, m, n in itertools.product(range(channels), range(kernel[0]), range(kernel[1])):
            channel = o // (out // groups) * channels + c
            tap = channel // (input.shape[1] // offset_groups) * kernel[0] * kernel[1] + m * kernel[1] + n
            y = i * stride[0] - padding[0] + m * dilation[0] + offset[b, 2 * tap, i, j].item()
            x = j * stride[1] - padding[1] + n * dilation[1] + offset[b, 2 * tap + 1, i, j].item()
            total += weight[o, c, m, n].item() * pixel(input[b, channel], y, x) * mask[b, tap, i, j].item()
        result[b, o, i, j] = total
    return result


@pytest.fixture(params=["rows", "planes"])
def sampler(request, monkeypatch):
    """Both ways of reading pixels."""
    if request.param == "planes":
        monkeypatch.setattr(deformable, "sample_rows", deformable.sample_planes)


@pytest.mark.usefixtures("sampler")
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_it_is_what_the_definition_says(shape):
    given = tensors(shape)
    torch.testing.assert_close(deform_conv2d(**given, **geometry(shape)), by_definition(shape, **given))


@pytest.mark.usefixtures("sampler")
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_gradients_are_the_slopes(shape):
    given = tensors(shape)
    names = list(given)

    def call(*values):
        return deform_conv2d(**dict(zip(names, values, strict=True)), **geometry(shape))

    assert torch.autograd.gradcheck(call, [value.requires_grad_() for value in given.values()], fast_mode=True)


@pytest.mark.usefixtures("sampler")
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_no_displacement_is_the_plain_convolution(shape):
    given = tensors(shape, spread=0.0) | {"mask": None}
    plain = F.conv2d(given["input"], given["weight"], given["bias"], **geometry(shape), groups=shape[7])
    torch.testing.assert_close(deform_conv2d(**given, **geometry(shape)), plain, rtol=0, atol=1e-12)
    single = {name: None if value is None else value.float() for name, value in given.items()}
    torch.testing.assert_close(deform_conv2d(**single, **geometry(shape)), plain.float(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("down", "right"), [(0, 1), (1, 0), (-2, 1)])
def test_whole_displacements_are_the_plain_convolution_of_the_shifted_image(down, right):
    images, filters = torch.randn(2, 3, 9, 9), torch.randn(4, 3, 3, 3)
    offset = torch.tensor([down, right]).repeat(9).view(1, 18, 1, 1).expand(2, 18, 9, 9).float()
    shifted = images.roll((-down, -right), dims=(2, 3))
    inside = (slice(None), slice(None), slice(3, 6), slice(3, 6))
    found = deform_conv2d(images, offset, filters, padding=1)
    torch.testing.assert_close(found[inside], F.conv2d(shifted, filters, padding=1)[inside], rtol=1e-4, atol=1e-5)


def test_a_mask_of_ones_changes_nothing_and_one_of_zeros_leaves_the_bias():
    given = tensors(SHAPES[1])
    given.pop("mask")
    sides = (output_sides(SHAPES[1])[0], output_sides(SHAPES[1])[1])
    ones = torch.ones(1, 18, *sides, dtype=torch.float64)
    plain = deform_conv2d(**given, **geometry(SHAPES[1]))
    torch.testing.assert_close(deform_conv2d(**given, mask=ones, **geometry(SHAPES[1])), plain)
    dark = deform_conv2d(**given, mask=0 * ones, **geometry(SHAPES[1]))
    assert torch.equal(dark, given["bias"].view(1, -1, 1, 1).expand_as(dark))


def test_taps_sent_far_outside_see_zeros():
    images, filters, bias = torch.rand(1, 2, 5, 5), torch.rand(3, 2, 3, 3), torch.rand(3)
    for far in (-1e4, 1e4, 1e30):
        out = deform_conv2d(images, torch.full((1, 18, 3, 3), far), filters, bias)
        assert torch.equal(out, bias.view(1, 3, 1, 1).expand(1, 3, 3, 3))


def test_a_fresh_layer_is_a_plain_convolution_and_modulation_halves_it():
    torch.manual_seed(0)
    images = torch.randn(2, 4, 8, 8)
    for modulated, factor in ((False, 1.0), (True, 0.5)):
        layer = DeformableConv2d(4, 6, 3, padding=1, modulated=modulated, bias=False)
        plain = F.conv2d(images, layer.weight, padding=1)
        torch.testing.assert_close(layer(images), factor * plain, rtol=1e-5, atol=1e-5)


def test_it_draws_the_weights_of_the_convolution_whose_place_it_takes():
    torch.manual_seed(3)
    plain = torch.nn.Conv2d(4, 6, 3, groups=2)
    torch.manual_seed(3)
    layer = DeformableConv2d(4, 6, 3, groups=2)
    assert torch.equal(layer.weight, plain.weight)
    assert torch.equal(layer.bias, plain.bias)


@pytest.mark.parametrize("modulated", [False, True])
def test_the_offsets_learn_from_the_first_step_at_the_rate_of_their_paper(modulated):
    torch.manual_seed(0)
    layer = DeformableConv2d(4, 4, 3, padding=1, modulated=modulated)
    layer(torch.randn(2, 4, 8, 8)).square().mean().backward()
    for channel in range(layer.offset.out_channels):
        assert layer.offset.weight.grad[channel].abs().sum() > 0, channel
    assert layer.offset.learning_rate_factor == (0.1 if modulated else 1.0)


def test_its_parameters_are_those_of_two_convolutions():
    def parameters(**options):
        return sum(p.numel() for p in DeformableConv2d(8, 16, 3, **options).parameters())

    assert parameters() == (8 * 9 + 1) * 16 + (8 * 9 + 1) * 18
    assert parameters(modulated=True) == (8 * 9 + 1) * 16 + (8 * 9 + 1) * 27
    assert parameters(modulated=True, offset_groups=4, groups=2, bias=False) == 4 * 9 * 16 + (8 * 9 + 1) * 108


def test_it_finds_a_displacement():
    torch.manual_seed(0)
    images = F.avg_pool2d(torch.randn(8, 1, 16, 16), 3, stride=1, padding=1)  # smooth, so that slopes reach two pixels
    target = images.roll(-1, dims=3)[..., 2:-2, 2:-2]
    layer = DeformableConv2d(1, 1, 1, bias=False)
    torch.nn.init.ones_(layer.weight)
    layer.weight.requires_grad_(False)
    optimizer = torch.optim.Adam([layer.offset.bias], lr=0.05)
    for _ in range(60):
        optimizer.zero_grad()
        F.mse_loss(layer(images)[..., 2:-2, 2:-2], target).backward()
        optimizer.step()
    assert layer.offset.bias.detach().tolist() == pytest.approx([0.0, 1.0], abs=0.05)


def lively(**options):
    torch.manual_seed(0)
    layer = DeformableConv2d(4, 6, 3, padding=1, modulated=True, offset_groups=2, **options)
    torch.nn.init.normal_(layer.offset.weight, std=0.3)
    return layer


def test_it_keeps_channels_last():
    images = torch.randn(2, 4, 8, 8)
    layer = lively()
    out = layer.to(memory_format=torch.channels_last)(images.to(memory_format=torch.channels_last))
    assert out.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(out, lively()(images), rtol=1e-4, atol=1e-5)


def test_half_precision_reads_the_right_pixels_of_a_wide_image():
    images = torch.rand(1, 1, 3, 600)
    filters = torch.ones(1, 1, 1, 1)
    out = deform_conv2d(images.bfloat16(), torch.zeros(1, 2, 3, 600).bfloat16(), filters.bfloat16())
    assert torch.equal(out, images.bfloat16())


def test_it_runs_under_autocast():
    layer, images = lively(), torch.rand(2, 4, 8, 8)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = layer(images)
    out.float().sum().backward()
    assert out.dtype == torch.bfloat16
    torch.testing.assert_close(out.float(), layer(images), rtol=0.05, atol=0.05)


def test_it_runs_without_memory():
    with torch.device("meta"):
        layer = lively()
        out = layer(torch.zeros(2, 4, 8, 8))
    assert out.is_meta
    assert out.shape == (2, 6, 8, 8)


def test_an_exported_graph_agrees_and_samples_in_an_operator_that_other_runtimes_know():
    layer, images = lively().eval(), torch.rand(2, 4, 8, 7)
    program = torch.export.export(layer, (images,))
    torch.testing.assert_close(program.module()(images), layer(images), rtol=1e-4, atol=1e-5)
    operators = {str(node.target) for node in program.graph.nodes}
    assert any("grid_sampler" in name for name in operators)
    assert not any("embedding" in name for name in operators)


def test_a_copy_and_a_pickled_one_agree():
    layer, images = lively(), torch.rand(1, 4, 6, 6)
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert torch.equal(other(images), layer(images))
        assert other.offset.learning_rate_factor == 0.1


def test_what_it_keeps_for_the_backward_is_a_few_times_its_samples():
    images = torch.rand(1, 16, 20, 20, requires_grad=True)
    layer = DeformableConv2d(16, 16, 3, padding=1, modulated=True)
    kept = {}

    def pack(tensor):
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        layer(images)
    samples = 9 * 16 * 20 * 20 * 4
    positions = 9 * 20 * 20 * 4  # a float each
    assert sum(kept.values()) <= 2 * samples + 40 * positions


def test_shapes_that_do_not_fit_are_named():
    given = tensors(SHAPES[0])
    options = geometry(SHAPES[0])
    with pytest.raises(InputError, match=r"images \(batch, a multiple of them, height, width\), got \(2, 3, 5, 4\)"):
        deform_conv2d(torch.rand(2, 3, 5, 4), given["offset"], given["weight"], **options)
    with pytest.raises(InputError, match=r"size, \(2, 18, 5, 4\) for one group, got \(2, 18, 5, 3\)"):
        deform_conv2d(given["input"], given["offset"][..., :3], given["weight"], **options)
    with pytest.raises(InputError, match=r"got \(2, 9, 5, 4\)"):
        deform_conv2d(given["input"], given["offset"][:, :9], given["weight"], **options)
    with pytest.raises(InputError, match=r"a number a tap, \(2, 9, 5, 4\), got \(2, 8, 5, 4\)"):
        deform_conv2d(given["input"], given["offset"], given["weight"], mask=given["mask"][:, :8], **options)


@pytest.mark.parametrize("options", [{"groups": 3}, {"offset_groups": 3}, {"groups": 0}], ids=str)
def test_groups_that_do_not_divide_the_channels_are_named(options):
    name, value = next(iter(options.items()))
    with pytest.raises(InputError, match=f"{name} must divide the channels, got {name}={value} for 4 in and 6 out"):
        DeformableConv2d(4, 6, 3, **options)


def test_a_displacement_that_is_not_a_number_shows_instead_of_crashing():
    out = deform_conv2d(torch.rand(1, 1, 4, 4), torch.full((1, 2, 4, 4), math.nan), torch.ones(1, 1, 1, 1))
    assert out.isnan().all()
