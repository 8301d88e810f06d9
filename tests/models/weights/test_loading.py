"""Tests of burnish.models.weights.loading."""

import copy
import json

import pytest
import torch
from safetensors.torch import save_file
from tests.oracles import perturb_, timm_model, torchvision_model
from torch import nn

import burnish
from burnish.common.errors import InputError
from burnish.layers.normalise import Normalise
from burnish.models import WithInput, create, load_weights_, with_preparation
from burnish.models.weights import loading
from burnish.models.weights.loading import recognise
from burnish.models.weights.weights import Weights

IMAGES = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """Looking for the right architecture takes as long as it takes, whatever else this machine does."""
    monkeypatch.setattr(loading, "_SECONDS", 60.0)


def equal(first, second):
    return all(torch.equal(tensor, second[name]) for name, tensor in first.items())


def snapshot(module):
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def test_a_model_with_published_weights_computes_what_they_compute(places, tiny):
    tiny.put(places / "user")
    model = create("tiny", weights="torchvision:tiny").eval()
    assert model.num_classes == 7
    assert torch.equal(model(IMAGES), tiny.model.eval()(IMAGES))
    assert model.preparation.crop == 24
    assert str(model.weights_report) == "44 tensors, 100.0 % of the model, come from torchvision:tiny"
    assert model.weights_report.sha256 == tiny.digits


def test_a_download_is_loaded_too(places, tiny, serve, capsys):
    tiny.put(places / "served")
    assert torch.equal(create("tiny", weights="torchvision:tiny").eval()(IMAGES), tiny.model.eval()(IMAGES))
    assert len(serve) == 1


def test_for_other_classes_the_body_is_theirs_and_the_head_is_fresh(tiny):
    torch.manual_seed(3)
    fresh = create("tiny", 4).linear.weight
    torch.manual_seed(3)
    model = create("tiny", 4, weights=tiny.path).eval()
    assert torch.equal(model.linear.weight, fresh)
    assert torch.equal(model.features(IMAGES)[-1], tiny.model.eval().features(IMAGES)[-1])
    assert [difference.name for difference in model.weights_report.mismatched] == ["linear.weight", "linear.bias"]
    assert model.weights_report.share < 1


def test_for_a_grey_image_the_answer_is_that_for_the_same_image_in_colour(tiny):
    model = create("tiny", in_channels=1, weights=tiny.path).eval()
    grey = torch.rand(2, 1, 32, 32)
    torch.testing.assert_close(model(grey), tiny.model.eval()(grey.expand(-1, 3, -1, -1)))
    assert model.num_classes == 7


def test_weights_for_grey_images_give_a_grey_model(places):
    torch.save(create("resnet20", 6, 1).state_dict(), places / "grey.pth")
    model = create("resnet20", weights=places / "grey.pth")
    assert (model.conv1.in_channels, model.num_classes) == (1, 6)


def test_options_of_the_model_go_with_its_weights(places, monkeypatch):
    monkeypatch.setattr(loading, "_SECONDS", 0.2)
    torch.save(create("resnet20", 6, 3, width=4).state_dict(), places / "narrow.pth")
    assert create("resnet20", weights=places / "narrow.pth", width=4).num_classes == 6
    with pytest.raises(InputError, match="for another architecture than resnet20"):
        create("resnet20", weights=places / "narrow.pth")


@pytest.mark.parametrize("front", ["module.", "_orig_mod.", "net."])
def test_a_checkpoint_of_a_wrapped_model_is_understood(places, tiny, front):
    state = {front + name: tensor for name, tensor in tiny.model.state_dict().items()}
    torch.save({"epoch": 1, "state_dict": state}, places / "checkpoint.th")
    model = create("tiny", weights=places / "checkpoint.th").eval()
    assert torch.equal(model(IMAGES), tiny.model.eval()(IMAGES))


def test_half_precision_and_other_layouts_in_memory_are_taken(tiny):
    state = {
        name: tensor.half() if tensor.is_floating_point() else tensor
        for name, tensor in tiny.model.state_dict().items()
    }
    model = create("tiny", 7).to(memory_format=torch.channels_last)
    load_weights_(model, state)
    assert model.conv1.weight.dtype == torch.float32
    assert model.layer1[0].conv1.weight.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(model.conv1.weight, tiny.model.conv1.weight, rtol=1e-3, atol=1e-3)


def test_a_run_gives_its_weights_and_its_statistics(tmp_path):
    run = burnish.fit("digits", "resnet20", model_option={"width": 2}, max_steps=1, epochs=1, out=tmp_path, quiet=True)
    for given in (run.path, run.path / "model.safetensors"):
        model = create("resnet20", weights=given, width=2, input_size=8)
        assert model.num_classes == 10
        assert model.conv1.in_channels == 1
        wrapped = with_preparation(model).eval()
        images = torch.rand(3, 1, 8, 8)
        torch.testing.assert_close(wrapped(images), run.model(images))


@pytest.mark.parametrize(
    ("wanted", "held"), [("resnet20", "resnet32"), ("resnet32", "resnet20"), ("lenet5", "resnet20")]
)
def test_weights_for_another_architecture_are_refused_and_recognised(places, wanted, held):
    torch.save(create(held, 5).state_dict(), places / "some.pth")
    model = create(wanted, 5)
    before = snapshot(model)
    message = (
        rf"some\.pth holds weights for another architecture than \w+: only \d+ of .* fit; they are those of {held}$"
    )
    with pytest.raises(InputError, match=message):
        load_weights_(model, places / "some.pth")
    assert equal(before, model.state_dict())
    assert not hasattr(model, "weights_report")


def test_weights_of_no_model_of_the_zoo_are_not_recognised(monkeypatch):
    monkeypatch.setattr(loading, "_SECONDS", 0.2)
    assert recognise(Weights(nn.Sequential(nn.Conv2d(3, 5, 7), nn.Linear(9, 9)).state_dict())) is None
    with pytest.raises(InputError, match="give the model that they were trained with, and its options"):
        create("resnet20", 5, weights={"a.b": torch.zeros(3)})


def test_weights_without_a_head_need_a_number_of_classes(tiny):
    state = {name: tensor for name, tensor in tiny.model.state_dict().items() if "linear" not in name}
    with pytest.raises(InputError, match="the given state dict has no classifying layer: give num_classes"):
        create("tiny", weights=state)
    assert create("tiny", 3, 3, weights=state).weights_report.missing == ("linear.weight", "linear.bias")


def test_any_module_can_be_loaded():
    first, second = (nn.Sequential(nn.Conv2d(c, 4, 3), nn.Flatten(), nn.Linear(16, n)) for c, n in ((3, 9), (1, 2)))
    head = second[2].weight.clone()
    report = load_weights_(second, first.state_dict())
    torch.testing.assert_close(second[0].weight, first[0].weight.sum(1, keepdim=True))
    assert torch.equal(second[2].weight, head)
    assert report.matched == ("0.weight", "0.bias")


def test_behind_an_input_layer_the_model_and_its_statistics_are_loaded(places, tiny):
    model = WithInput(Normalise([0.0] * 3, [1.0] * 3), create("tiny", 7)).eval()
    load_weights_(model, tiny.path)
    assert model.input.mean.tolist() == [0.5, 0.25, 0.125]
    torch.testing.assert_close(model(IMAGES), with_preparation(create("tiny", weights=tiny.path)).eval()(IMAGES))


def test_what_torch_compile_wraps_is_loaded(tiny):
    model = create("tiny", 7)
    load_weights_(torch.compile(model, backend="eager"), tiny.model.state_dict())
    assert equal(tiny.model.state_dict(), model.state_dict())


def test_a_model_without_memory_is_refused(tiny):
    with torch.device("meta"):
        model = create("tiny", 7)
    with pytest.raises(InputError, match="CifarResNet is on the meta device, where weights have no place"):
        load_weights_(model, tiny.model.state_dict())


def test_loading_leaves_the_random_state_mode_and_gradients_as_a_build_does(tiny):
    torch.manual_seed(5)
    create("tiny", 7, 3)
    expected = torch.get_rng_state()
    torch.manual_seed(5)
    model = create("tiny", weights=tiny.path)
    assert torch.equal(torch.get_rng_state(), expected)
    assert model.training
    assert all(parameter.requires_grad and parameter.grad is None for parameter in model.parameters())


def test_a_loaded_model_can_be_copied(tiny):
    again = copy.deepcopy(create("tiny", weights=tiny.path))
    assert again.preparation.crop == 24
    assert again.weights_report.share == 1


def saved_by(library, name, folder):
    """A library's own random weights in a file as it publishes them, and that model."""
    if library == "torchvision":
        theirs = perturb_(torchvision_model(name)).eval()
        torch.save(theirs.state_dict(), folder / "theirs.pth")
        return theirs, folder / "theirs.pth"
    theirs = perturb_(timm_model(name)).eval()
    (folder / "theirs").mkdir()
    save_file(
        {name: tensor.contiguous() for name, tensor in theirs.state_dict().items()},
        folder / "theirs" / "model.safetensors",
    )
    config = {
        "pretrained_cfg": {k: v for k, v in theirs.pretrained_cfg.items() if isinstance(v, int | float | str | tuple)}
    }
    (folder / "theirs" / "config.json").write_text(json.dumps(config))
    return theirs, folder / "theirs"


@pytest.mark.peer
@pytest.mark.parametrize(
    ("library", "theirs", "ours", "size"),
    [
        ("torchvision", "resnet18", "resnet18", 96),
        ("torchvision", "vit_b_16", "vit_b_16", 224),
        ("timm", "resnet18", "resnet18", 96),
        ("timm", "vit_tiny_patch16_224", "vit_tiny", 224),
    ],
)
def test_a_file_that_the_peer_wrote_computes_what_the_peer_computes(tmp_path, library, theirs, ours, size):
    peer, path = saved_by(library, theirs, tmp_path)
    model = create(ours, weights=path, input_size=max(size, 224)).eval()
    images = torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected, found = peer(images), model(images)
        assert (expected - found).abs().max() <= 1e-4 * max(1.0, expected.abs().max())
        fewer = create(ours, 5, 1, weights=path, input_size=max(size, 224)).eval()
        assert fewer(images[:, :1]).shape == (2, 5)
    assert model.weights_report.share == 1
    assert not model.weights_report.unexpected
    if library == "timm":
        assert model.preparation.mean == tuple(peer.pretrained_cfg["mean"])
