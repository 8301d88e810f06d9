"""Tests of burnish.models.field_tracker, through the rows of burnish.models.count."""

import pytest
import torch
from torch import nn

from burnish.layers import Window, receptive_field
from burnish.models import count, create
from burnish.models.vision.resnet_cifar import PadShortcut


def last_field(model, shape=(1, 1, 32, 32)):
    row = count(model, torch.zeros(shape)).layers[-1]
    return row.receptive_field, row.stride


def seen_by_the_middle(model, side):
    """Oracle: the box of inputs that have a gradient from one output in the middle."""
    image = torch.rand(1, 1, side, side, requires_grad=True)
    out = model.eval()(image)
    out[0, :, out.shape[2] // 2, out.shape[3] // 2].sum().backward()
    touched = image.grad[0, 0].nonzero()
    return tuple((touched.max(dim=0).values - touched.min(dim=0).values + 1).tolist())


MODELS = {
    "stack": nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Sigmoid(), nn.Conv2d(2, 2, (5, 3), stride=2)),
    "dilated": nn.Sequential(nn.Conv2d(1, 2, 3, dilation=2, padding=2), nn.Sigmoid(), nn.Conv2d(2, 2, 3, dilation=3)),
    "pooled": nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(1, 1, 3), nn.AvgPool2d(3, stride=1, padding=1)),
    "padded": nn.Sequential(nn.ZeroPad2d(2), nn.Conv2d(1, 1, 3), nn.ReflectionPad2d(1), nn.Conv2d(1, 1, 3)),
    "one number for both": nn.Sequential(nn.Conv2d(1, 1, 3, padding="same"), nn.Tanh(), nn.Conv2d(1, 1, 1)),
}


@pytest.mark.parametrize("name", MODELS)
def test_the_field_is_where_gradients_come_from(name):
    torch.manual_seed(0)
    model = MODELS[name]
    assert last_field(model)[0] == seen_by_the_middle(model, 32)


def test_where_paths_meet_the_larger_field_counts():
    with torch.device("meta"):
        rows = {row.name: row for row in count(create("resnet20"), torch.zeros(1, 3, 32, 32)).layers}
    # 1 + 2 * 7 windows of 3 before the first stride (the last sees it), then steps of 2, then of 4
    expected = receptive_field(*[Window(3)] * 7, Window(3, 2), *[Window(3)] * 5, Window(3, 2), *[Window(3)] * 5)
    last = rows["layer3.2.relu2"]
    assert last.receptive_field == (expected.size,) * 2 == (81, 81)
    assert last.stride == (expected.stride,) * 2 == (4, 4)
    assert rows["linear"].receptive_field is None


def test_max_pooling_and_strided_slices_keep_count_of_the_stride():
    assert last_field(nn.MaxPool2d(3, 2, 1)) == ((3, 3), (2, 2))
    assert last_field(PadShortcut(1, 2, 2)) == ((1, 1), (2, 2))


@pytest.mark.parametrize(
    "model", [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Upsample(scale_factor=2), nn.ConvTranspose2d(1, 1, 2, stride=2)]
)
def test_a_layer_that_no_window_describes_has_no_field(model):
    assert last_field(model) == (None, None)


def test_one_dimension_works_too():
    assert last_field(nn.Sequential(nn.Conv1d(1, 1, 5, stride=3), nn.Conv1d(1, 1, 2)), (1, 1, 32)) == ((8,), (3,))


def test_a_sequence_of_vectors_is_not_taken_for_an_image():
    assert last_field(nn.LayerNorm(8), (1, 5, 8)) == (None, None)


def test_run_shapes_agree_with_the_arithmetic():
    from burnish.layers import output_size

    windows = {"conv1": Window(5), "pool1": Window(2, 2), "conv2": Window(5), "pool2": Window(2, 2)}
    rows = {row.name: row for row in count(create("lenet5", input_size=45), torch.zeros(1, 3, 45, 45)).layers}
    for last in range(1, 5):
        chosen = list(windows)[:last]
        side = output_size(45, *(windows[name] for name in chosen))
        assert rows[chosen[-1]].output_shape[2:] == (side, side)
