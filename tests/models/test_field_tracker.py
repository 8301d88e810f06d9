"""Tests of burnish.models.field_tracker, through the rows of burnish.models.count."""

import itertools

import pytest
import torch
from torch import nn

from burnish.layers import Window, receptive_field
from burnish.models import count, create
from burnish.models.vision.resnet_cifar import PadShortcut


def last_field(model, shape=(1, 1, 32, 32)):
    counts = count(model, torch.zeros(shape))
    row = (counts.containers or counts.layers)[0]  # the model as a whole
    return row.receptive_field, row.stride


def seen_by_the_middle(model, side):
    """Oracle: the widest box of inputs that have a gradient from one of 16 outputs in the middle."""
    image = torch.rand(1, 1, side, side, requires_grad=True)
    out = model.eval()(image)
    rows, columns = (range(size // 2 - 2, size // 2 + 2) for size in out.shape[2:])
    boxes = []
    for row, column in itertools.product(rows, columns):
        (gradient,) = torch.autograd.grad(out[0, :, row, column].sum(), image, retain_graph=True)
        touched = gradient[0, 0].nonzero()
        boxes.append(touched.max(dim=0).values - touched.min(dim=0).values + 1)
    return tuple(torch.stack(boxes).amax(dim=0).tolist())


class Lambda(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *inputs):
        return self.function(*inputs)


class Paths(nn.Module):
    """Several ways from the input, brought together."""

    def __init__(self, join, *paths):
        super().__init__()
        self.paths = nn.ModuleList(paths)
        self.join = join

    def forward(self, x):
        return self.join([path(x) for path in self.paths])


def concatenated(maps):
    return torch.cat(maps, dim=1)


def written_into_halves(maps):
    out = maps[0].new_zeros(maps[0].shape[0], 2, *maps[0].shape[2:])
    out[:, :1] = maps[0]
    out[:, 1:] = maps[1]
    return out


def conv(inputs, outputs, kernel, **options):
    return nn.Conv2d(inputs, outputs, kernel, **options)


MODELS = {
    "stack": nn.Sequential(conv(1, 2, 3), nn.BatchNorm2d(2), nn.Sigmoid(), conv(2, 2, (5, 3), stride=2)),
    "dilated": nn.Sequential(conv(1, 2, 3, dilation=2, padding=2), nn.Sigmoid(), conv(2, 2, 3, dilation=3)),
    "pooled": nn.Sequential(nn.AvgPool2d(2), conv(1, 1, 3), nn.AvgPool2d(3, stride=1, padding=1)),
    "padded": nn.Sequential(nn.ZeroPad2d(2), conv(1, 1, 3), nn.ReflectionPad2d(1), conv(1, 1, 3)),
    "one number for both": nn.Sequential(conv(1, 1, 3, padding="same"), nn.Tanh(), conv(1, 1, 1)),
    "transposed": nn.Sequential(conv(1, 2, 3, stride=2), nn.ConvTranspose2d(2, 1, 4, stride=2, padding=1)),
    "transposed after transposed": nn.Sequential(nn.ConvTranspose2d(1, 1, 3, 2, 1, 1), nn.ConvTranspose2d(1, 1, 5, 3)),
    "transposed, dilated": nn.Sequential(nn.ConvTranspose2d(1, 1, 3, dilation=2), conv(1, 1, 2)),
    "nearest": nn.Sequential(conv(1, 1, 3), nn.Upsample(scale_factor=2), conv(1, 1, 2)),
    "nearest to a size": nn.Sequential(nn.AvgPool2d(4), nn.Upsample(size=(12, 12)), conv(1, 1, 3)),
    "nearest exact": nn.Sequential(conv(1, 1, 3), nn.Upsample(scale_factor=3, mode="nearest-exact"), conv(1, 1, 2)),
    "bilinear": nn.Sequential(conv(1, 1, 3, stride=2), nn.Upsample(scale_factor=2, mode="bilinear"), conv(1, 1, 3)),
    "bilinear, corners": nn.Sequential(nn.Upsample(size=55, mode="bilinear", align_corners=True), conv(1, 1, 3)),
    "bicubic": nn.Sequential(nn.AvgPool2d(2), nn.Upsample(scale_factor=2, mode="bicubic"), conv(1, 1, 2)),
    "smaller by interpolation": nn.Upsample(scale_factor=0.5, mode="bilinear"),
    "adaptive pooling that is a window": nn.Sequential(conv(1, 1, 3, padding=1), nn.AdaptiveAvgPool2d(8)),
    "adaptive pooling that does nothing": nn.Sequential(conv(1, 1, 3), nn.AdaptiveAvgPool2d(30)),
    "branches": nn.Sequential(Paths(concatenated, conv(1, 1, 1), conv(1, 2, 5, padding=2)), conv(3, 1, 3)),
    "shifted branches": Paths(sum, conv(1, 1, 3, padding=(0, 1)), nn.Sequential(nn.ZeroPad2d((0, 0, -1, -1)))),
    "residual over a stride": Paths(sum, conv(1, 1, 3, stride=2, padding=1), Lambda(lambda x: x[:, :, ::2, ::2])),
    "down and up beside itself": Paths(
        concatenated, nn.Sequential(conv(1, 1, 3, stride=2, padding=1), nn.ConvTranspose2d(1, 1, 2, 2)), nn.Tanh()
    ),
    "channels last": nn.Sequential(
        conv(1, 4, 3),
        Lambda(lambda x: x.permute(0, 2, 3, 1)),
        nn.LayerNorm(4),
        nn.Linear(4, 3),
        Lambda(lambda x: x.permute(0, 3, 1, 2)),
        conv(3, 1, 3),
    ),
    "tokens and back": nn.Sequential(
        conv(1, 4, 3, stride=2),
        Lambda(lambda x: x.flatten(2).mT),
        nn.Linear(4, 3),
        Lambda(lambda x: x.mT.unflatten(2, (15, 15))),
        conv(3, 1, 2),
    ),
    "channel shuffle": nn.Sequential(conv(1, 4, 3), nn.ChannelShuffle(2), conv(4, 1, 3, padding_mode="reflect")),
    "channel shuffle by hand": nn.Sequential(
        conv(1, 4, 3), Lambda(lambda x: x.unflatten(1, (2, 2)).transpose(1, 2).flatten(1, 2)), conv(4, 1, 3)
    ),
    "pixel shuffle": nn.Sequential(conv(1, 4, 3), nn.PixelShuffle(2), conv(1, 1, 2)),
    "pixel unshuffle": nn.Sequential(nn.PixelUnshuffle(2), conv(4, 1, 2)),
    "cut and split": nn.Sequential(
        conv(1, 4, 3), Lambda(lambda x: x.split([3, 1], 1)[1][:, :, 2:, 1::3]), conv(1, 1, 2)
    ),
    "maxima over channels": nn.Sequential(conv(1, 4, 3), Lambda(lambda x: x.amax(1, keepdim=True)), conv(1, 1, 3)),
    "response normalisation": nn.Sequential(conv(1, 4, 3), nn.LocalResponseNorm(3), conv(4, 1, 3)),
    "in place on a view": nn.Sequential(conv(1, 4, 3), Lambda(lambda x: x.flatten(2).sigmoid_().view(x.shape))),
}


@pytest.mark.parametrize("name", MODELS)
def test_the_field_is_where_gradients_come_from(name):
    torch.manual_seed(0)
    model = MODELS[name]
    found, _ = last_field(model)
    assert found == seen_by_the_middle(model, 32)


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


class OverColumns(nn.Module):
    """A linear layer along the width."""

    def forward(self, x):
        return x @ torch.ones(32, 32)


NO_FIELD = {
    "global pooling": nn.AdaptiveAvgPool2d(1),
    "uneven pooling": nn.AdaptiveAvgPool2d(5),
    "no map": nn.Sequential(conv(1, 2, 1), nn.Flatten()),
    "group normalisation": nn.GroupNorm(1, 1),
    "instance normalisation": nn.InstanceNorm2d(1),
    "normalised rows": nn.LayerNorm(32),
    "a linear layer over columns": OverColumns(),
    "a softmax over columns": nn.Softmax(-1),
    "a gate that saw everything": Paths(lambda maps: maps[0] * maps[1], nn.Tanh(), nn.AdaptiveAvgPool2d(1)),
    "running sums": Lambda(lambda x: x.cumsum(-1)),
    "turned around": Lambda(lambda x: x.flip(-1)),
    "rolled": Lambda(lambda x: x.roll(1, -1)),
    "mirrored along the diagonal and added": Lambda(lambda x: x + x.mT),
    "attention": Lambda(lambda x: nn.functional.scaled_dot_product_attention(*[x.flatten(2).mT] * 3).mT.view(x.shape)),
    "rows torn into windows": Lambda(lambda x: x.view(1, 1, 8, 4, 8, 4).transpose(3, 4).reshape(1, 16, 8, 8)),
    "maps that move at different pace": Paths(
        lambda maps: maps[0] + maps[1][:, :, :32, :32], nn.Conv2d(1, 1, 1), nn.Upsample(scale_factor=2)
    ),
}


@pytest.mark.parametrize("name", NO_FIELD)
def test_where_nothing_certain_is_known_there_is_no_field(name):
    assert last_field(NO_FIELD[name]) == (None, None)


def test_what_is_written_into_a_part_of_a_tensor_leaves_no_small_field_behind():
    for whole in (
        Paths(written_into_halves, nn.Conv2d(1, 1, 3, padding=1), nn.Conv2d(1, 1, 5, padding=2)),
        nn.Conv2d(1, 1, 3, padding=1, padding_mode="circular"),
    ):
        assert last_field(nn.Sequential(whole, nn.Sigmoid())) == (None, None)


def test_what_is_written_through_a_view_shows_in_the_whole():
    def widen(x):
        y = x.sigmoid()
        y[:, :, 1:].add_(nn.functional.avg_pool2d(x, 5, 1, 2)[:, :, 1:])
        return y

    assert last_field(Lambda(widen)) == (None, None)


def test_an_enlarged_image_has_a_stride_below_one():
    assert last_field(nn.Upsample(scale_factor=2)) == ((1, 1), (0.5, 0.5))
    assert last_field(nn.Sequential(nn.Upsample(scale_factor=2), nn.AvgPool2d(4))) == ((2, 2), (2, 2))


def test_tokens_of_patches_keep_their_field_until_they_attend():
    patches = nn.Sequential(nn.Conv2d(1, 8, 8, stride=8), Lambda(lambda x: x.flatten(2).mT), nn.LayerNorm(8))
    assert last_field(patches) == ((8, 8), (8, 8))
    assert last_field(nn.Sequential(patches, nn.TransformerEncoderLayer(8, 2, 16, batch_first=True))) == (None, None)


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
