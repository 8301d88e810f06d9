"""Tests of burnish.pruning.layers.finding."""

import copy

import pytest
import torch
from tests.pruning.layers.residual_nets import Residual, ResidualNet, Watched, mixed
from tests.pruning.layers.test_removing import bypassing
from torch import nn

from burnish.common.errors import InputError
from burnish.models import create
from burnish.pruning.layers.finding import find_blocks, removable_blocks
from burnish.pruning.layers.removing import remove_blocks_

ZOO = {
    "resnet20": ({"BasicBlock"}, 7),
    "resnet50": ({"Bottleneck"}, 12),
    "preact-resnet20": ({"PreActivationBasicBlock"}, 7),
    "vit-tiny": ({"EncoderBlock"}, 12),
    "swin-t": ({"SwinBlock"}, 12),
    "convnext-atto": ({"ConvNeXtBlock"}, 12),
    "mobilenet-v2": ({"InvertedResidual"}, 10),
    "efficientnet-b0": ({"MBConv"}, 9),
    "mobilenet-v1": ({"DepthwiseSeparable"}, 8),
    "vgg11-bn": ({"Conv2d", "Linear"}, 6),
}


@pytest.mark.parametrize("name", ZOO)
def test_blocks_of_the_zoo_are_found_and_the_model_runs_and_learns_without_any_half_of_them(name):
    torch.manual_seed(0)
    model = create(name, 10, 3, 32).eval()
    images = torch.randn(2, 3, 32, 32)
    blocks = [block.name for block in removable_blocks(model, images)]
    kinds = {type(model.get_submodule(block)).__name__ for block in blocks}
    assert (kinds, len(blocks)) == ZOO[name]
    for half in (blocks[::2], blocks[1::2]):
        cut = copy.deepcopy(model)
        expected = bypassing(cut, half, images)
        remove_blocks_(cut, half)
        with torch.no_grad():
            assert torch.equal(cut(images), expected)
        cut.train()(images).square().sum().backward()


def names(model, example, **options):
    return [block.name for block in find_blocks(model, example, **options).removable]


def test_a_block_says_its_shape_and_what_goes_with_it():
    block = removable_blocks(create("resnet20", 10, 3, 32), torch.zeros(1, 3, 32, 32))[0]
    assert (block.name, block.kind, block.shape, block.shortcut) == ("layer1.0", "BasicBlock", (1, 16, 32, 32), True)
    assert block.parameters == 2 * 16 * 16 * 9 + 4 * 16


def test_blocks_that_change_the_shape_are_refused_with_their_shapes():
    refusals = find_blocks(create("resnet20", 10, 3, 32), torch.zeros(1, 3, 32, 32)).refusals
    assert [str(refusal) for refusal in refusals] == [
        "layer2.0 (BasicBlock) turns 1x16x32x32 into 1x32x16x16",
        "layer3.0 (BasicBlock) turns 1x32x16x16 into 1x64x8x8",
    ]


def test_what_was_cut_out_before_is_not_found_again_nor_what_held_it():
    model = create("vit-tiny", 10, 3, 32)
    layers = [f"encoder.layers.encoder_layer_{number}" for number in range(12)]
    remove_blocks_(model, layers[1:])
    assert names(model, torch.zeros(1, 3, 32, 32)) == layers[:1]


def test_a_stage_of_one_block_gives_the_block():
    net = nn.Sequential(nn.Linear(2, 8), nn.Sequential(Residual(8)), nn.Linear(8, 1))
    assert names(net, torch.zeros(1, 2)) == ["1.0"]


def test_a_stage_with_a_shortcut_of_its_own_gives_the_blocks_inside():
    class LongSkip(nn.Module):
        def __init__(self):
            super().__init__()
            self.blocks = nn.Sequential(Residual(8), Residual(8))
            self.last = nn.Linear(8, 8)

        def forward(self, x):
            return x + self.last(self.blocks(x))

    net = nn.Sequential(nn.Linear(2, 8), LongSkip(), nn.Linear(8, 1))
    assert names(net, torch.zeros(1, 2)) == ["1.blocks.0", "1.blocks.1"]


def test_a_part_of_a_block_is_not_a_block():
    class Gated(nn.Module):
        """A residual block that holds a smaller one of another kind."""

        def __init__(self, into, out):
            super().__init__()
            self.body = nn.Sequential(nn.Linear(into, out), Residual(out, 2))
            self.same = into == out

        def forward(self, x):
            return x + self.body(x) if self.same else self.body(x)

    net = nn.Sequential(Gated(2, 8), Gated(8, 8), Gated(8, 8), nn.Linear(8, 1))
    found = find_blocks(net, torch.zeros(1, 2))
    assert [block.name for block in found.removable] == ["1", "2"]
    assert [refusal.name for refusal in found.refusals] == ["0"]


def test_torch_transformer_layers_are_found_but_the_first_whose_attributes_the_encoder_reads():
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    found = find_blocks(nn.TransformerEncoder(layer, 4), torch.zeros(2, 5, 8))
    assert [block.name for block in found.removable] == ["layers.1", "layers.2", "layers.3"]
    assert [refusal.name for refusal in found.refusals] == ["layers.0"]
    assert "is looked into by what is around it" in found.refusals[0].reason


def test_a_chain_without_shortcuts_gives_its_links_but_the_last():
    net = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4), nn.Sequential(nn.Linear(4, 4), nn.Softmax(dim=1)))
    assert names(net, torch.zeros(1, 4)) == ["0", "2"]


def test_a_sequence_with_a_forward_of_its_own_is_no_chain():
    assert names(create("densenet121", 10, 3, 32), torch.zeros(1, 3, 32, 32)) == []


def test_where_nothing_can_go_the_largest_modules_are_refused():
    found = find_blocks(create("lenet5", 10, 1, 28), torch.zeros(1, 1, 28, 28))
    assert found.removable == ()
    assert [str(refusal).split(" turns ")[0] for refusal in found.refusals] == [
        "fc1 (Linear)",
        "fc2 (Linear)",
        "conv2 (Conv2d)",
    ]


@pytest.mark.parametrize(
    ("ignore", "left"),
    [
        (["blocks.1"], ["blocks.0", "blocks.2"]),
        (["blocks.1.first"], ["blocks.0", "blocks.2"]),
        (["blocks"], []),
        (["head"], ["blocks.0", "blocks.1", "blocks.2"]),
    ],
)
def test_ignored_modules_stay_with_all_inside_and_around_them(ignore, left):
    assert names(ResidualNet(), torch.zeros(1, 2), ignore=ignore) == left


def test_an_unknown_module_in_ignore_is_named():
    with pytest.raises(InputError, match=r"unknown module in ignore 'block' \(did you mean 'blocks'\?\)"):
        find_blocks(ResidualNet(), torch.zeros(1, 2), ignore=["block"])


def test_the_model_is_left_as_it_was():
    model = mixed(create("resnet20", 10, 3, 16))
    watched = Watched(model)
    find_blocks(model, torch.ones(2, 3, 16, 16))
    watched.check()


def test_models_in_half_precision_are_looked_at_too():
    net = ResidualNet().to(torch.bfloat16)
    assert names(net, torch.zeros(1, 2, dtype=torch.bfloat16)) == ["blocks.0", "blocks.1", "blocks.2"]
