"""Tests of burnish.layers.conv_arithmetic."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given
from hypothesis import strategies as st

from burnish.common.errors import InputError
from burnish.layers import Window, output_size, receptive_field, smallest_input, transposed_output_size

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
    assume(transposed_output_size(size, window, more) >= 1)
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
