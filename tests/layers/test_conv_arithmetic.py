"""Tests of burnish.layers.conv_arithmetic."""

import warnings

import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from burnish.common.errors import InputError
from burnish.layers import (
    Window,
    output_size,
    receptive_field,
    same_padding,
    smallest_input,
    transposed_output_size,
)

windows = st.builds(Window, st.integers(1, 5), st.integers(1, 3), st.integers(0, 2), st.integers(1, 3))


@given(st.integers(1, 40), windows)
def test_the_size_is_the_one_that_torch_gives(size, window):
    assume(size + 2 * window.padding >= window.extent)
    out = F.conv1d(
        torch.zeros(1, 1, size), torch.zeros(1, 1, window.kernel), None, window.stride, window.padding, window.dilation
    )
    assert output_size(size, window) == out.shape[-1]


@given(st.integers(1, 20), windows, st.integers(0, 2))
def test_the_transposed_size_is_the_one_that_torch_gives(size, window, more):
    assume(more < max(window.stride, window.dilation))
    assume((size - 1) * window.stride + window.extent + more > 2 * window.padding)
    out = F.conv_transpose1d(
        torch.zeros(1, 1, size),
        torch.zeros(1, 1, window.kernel),
        None,
        window.stride,
        window.padding,
        more,
        1,
        window.dilation,
    )
    assert transposed_output_size(size, window, more) == out.shape[-1]


@given(st.integers(1, 20), windows, st.integers(0, 2))
def test_a_transposed_convolution_undoes_the_size_of_a_convolution(size, window, more):
    assume(more < window.stride)
    assume((size - 1) * window.stride + window.extent + more > 2 * window.padding)
    assert output_size(transposed_output_size(size, window, more), window) == size


@settings(deadline=None)  # the first call makes torch load a part of itself
@given(st.integers(1, 20), st.integers(1, 6), st.integers(1, 3))
def test_same_padding_is_what_torch_adds(size, kernel, dilation):
    window = Window(kernel, dilation=dilation)
    before, after = same_padding(window)
    signal, filters = torch.randn(1, 1, size), torch.randn(1, 1, kernel)
    expected = F.conv1d(F.pad(signal, (before, after)), filters, dilation=dilation)
    assert expected.shape[-1] == size
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the two halves differ costs torch a copy
        torch.testing.assert_close(F.conv1d(signal, filters, padding="same", dilation=dilation), expected)
    if before == after:
        assert output_size(size, Window(kernel, padding=before, dilation=dilation)) == size


@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize(("stride", "padding", "dilation"), [(1, 0, 1), (2, 1, 1), (2, 2, 3)])
def test_sizes_of_layers_are_those_of_their_run_whatever_the_groups(groups, stride, padding, dilation):
    images, window = torch.zeros(1, 4, 17, 12), Window(3, stride, padding, dilation)
    down = torch.nn.Conv2d(4, 8, 3, stride, padding, dilation, groups)(images)
    assert tuple(down.shape[2:]) == tuple(output_size(side, window) for side in images.shape[2:])
    up = torch.nn.ConvTranspose2d(4, 8, 3, stride, padding, stride - 1, groups, dilation=dilation)(images)
    assert tuple(up.shape[2:]) == tuple(transposed_output_size(side, window, stride - 1) for side in images.shape[2:])


@given(st.lists(windows, min_size=1, max_size=4))
def test_the_smallest_input_works_and_a_smaller_one_does_not(chain):
    smallest = smallest_input(*chain)
    assert output_size(smallest, *chain) >= 1
    if smallest > 1:
        with pytest.raises(InputError, match=f"the smallest size that works is {smallest}, got {smallest - 1}"):
            output_size(smallest - 1, *chain)


@given(st.lists(windows.map(lambda w: Window(w.kernel, w.stride, 0, w.dilation)), min_size=1, max_size=3))
def test_one_output_sees_its_field_and_the_next_one_is_a_stride_further(chain):
    field = receptive_field(*chain)
    signal = torch.ones(1, 1, field.size + field.stride, requires_grad=True)
    out = signal
    for window in chain:
        out = F.conv1d(out, torch.ones(1, 1, window.kernel), None, window.stride, 0, window.dilation)
    touched = [torch.autograd.grad(out[0, 0, i], signal, retain_graph=True)[0][0, 0].nonzero() for i in range(2)]
    assert touched[0].max() - touched[0].min() + 1 == field.size
    assert touched[1].min() - touched[0].min() == field.stride


def test_wrong_windows_are_named():
    with pytest.raises(
        InputError, match=r"kernel, stride and dilation must be at least 1 and padding at least 0, got Win"
    ):
        Window(3, stride=0)


def test_a_window_that_does_not_fit_is_named():
    with pytest.raises(
        InputError, match="a window of 5 does not fit into 4 inputs with padding 0: the smallest size that"
    ):
        output_size(8, Window(2, stride=2), Window(5))


def test_an_output_padding_that_torch_refuses_is_named():
    with pytest.raises(
        InputError, match="must lie below the stride or the dilation, got 2 for stride 2 and dilation 1"
    ):
        transposed_output_size(4, Window(3, stride=2), 2)


def test_a_transposed_padding_that_leaves_nothing_is_named():
    with pytest.raises(InputError, match="a transposed window of 3 with padding 2 leaves nothing of 1 inputs"):
        transposed_output_size(1, Window(3, padding=2))


def test_no_padding_keeps_the_size_at_a_stride():
    with pytest.raises(InputError, match="padding keeps the size at stride 1 alone, got stride 2"):
        same_padding(Window(3, stride=2))
