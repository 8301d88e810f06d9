"""Tests of burnish.verbs.fitting.preparing."""

import json
import shutil

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

import burnish
from burnish.common.errors import InputError
from burnish.models import create
from burnish.models.weights import files
from burnish.verbs.fit import Fit
from burnish.verbs.fitting.preparing import prepare, try_forward


def test_model_and_task_are_chosen_from_the_data():
    assert prepare(Fit(data="iris"), None, None).task.name == "classification"
    assert prepare(Fit(data="diabetes"), None, None).task.name == "regression"
    assert (
        prepare(Fit(data="digits"), None, None).model_record["name"]
        != prepare(Fit(data="iris"), None, None).model_record["name"]
    )


def test_the_model_s_own_task_wins_over_the_data_s():
    assert prepare(Fit(data="iris", model="perceptron"), None, None).task.name == "perceptron"
    assert (
        prepare(Fit(data="iris", model="perceptron", task="classification"), None, None).task.name == "classification"
    )


def test_label_smoothing_where_it_means_nothing_is_refused():
    with pytest.raises(InputError, match="label_smoothing belongs to classification, the task here is regression"):
        prepare(Fit(data="diabetes", label_smoothing=0.1), None, None)


def test_the_training_statistics_become_the_first_layer():
    prepared = prepare(Fit(data="wine", model="logistic-regression"), None, None)
    inputs, _ = prepared.data.train.gather(torch.arange(len(prepared.data.train)))
    seen = prepared.model.input(inputs)
    assert torch.allclose(seen.mean(dim=0), torch.zeros(13), atol=1e-4)
    assert torch.allclose(seen.std(dim=0, correction=0), torch.ones(13), atol=1e-3)


def test_a_model_that_is_no_module_is_named():
    with pytest.raises(InputError, match=r"model must be a name or a torch\.nn\.Module, got dict"):
        prepare(Fit(data="iris"), None, {})


def test_trying_a_model_changes_nothing():
    prepared = prepare(Fit(data="digits", model="resnet20"), None, None)
    before = {name: tensor.clone() for name, tensor in prepared.model.state_dict().items()}
    random = torch.get_rng_state()
    prepared.model.train()
    try_forward(prepared.model, prepared.task, prepared.data)
    assert prepared.model.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in prepared.model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), random)


def test_a_model_of_the_wrong_shape_is_told_with_both_shapes():
    prepared = prepare(Fit(data="iris", model="mlp"), None, None)
    with pytest.raises(InputError, match=r"Linear cannot be trained on iris: inputs of shape \(2, 4\)"):
        try_forward(nn.Linear(3, 3), prepared.task, prepared.data)


@pytest.fixture
def published(tmp_path):
    """A folder with weights of resnet20 for 7 classes, and how their images were prepared: 24 pixels."""
    torch.manual_seed(1)
    folder = tmp_path / "published"
    folder.mkdir()
    save_file(create("resnet20", 7).state_dict(), folder / "model.safetensors")
    stated = {"input_size": [3, 24, 24], "crop_pct": 1.0, "mean": [0.5, 0.25, 0.125], "std": [0.5, 0.5, 0.25]}
    (folder / "config.json").write_text(json.dumps({"pretrained_cfg": stated}))
    return folder


def body(folder):
    from safetensors.torch import load_file

    return load_file(folder / "model.safetensors")["layer3.2.conv2.weight"]


def test_photos_get_the_size_and_the_statistics_of_the_weights(photos, published):
    ready = prepare(Fit(data=str(photos), model="resnet20", weights=str(published)), None, None)
    assert ready.data.schema.input_shape == (3, 24, 24)
    assert ready.options.input_size == ready.data_record["options"]["input_size"] == 24
    assert ready.model.input.mean.tolist() == [0.5, 0.25, 0.125]
    assert torch.equal(ready.model.model.layer3[2].conv2.weight, body(published))
    assert ready.model.model.num_classes == 3
    told = " ".join(ready.notes)
    assert "left fresh for want of the right shape: linear.bias 7 to 3, linear.weight 7x64 to 3x64" in told
    assert f"images of 24x24 pixels are normalised as {published} asks" in ready.notes


def test_a_size_that_the_user_gave_stays(photos, published):
    ready = prepare(Fit(data=photos.as_posix(), model="resnet20", weights=str(published), input_size=16), None, None)
    assert ready.data.schema.input_shape == (3, 16, 16)
    assert any(note.endswith("asks, which was trained on 24x24 (input_size=24 resizes them)") for note in ready.notes)


def test_a_named_set_keeps_its_size_and_its_channels(published):
    ready = prepare(Fit(data="digits", model="resnet20", weights=str(published)), None, None)
    assert ready.data.schema.input_shape == (1, 8, 8)
    assert ready.model.input.mean.tolist() == pytest.approx([0.875 / 3])
    assert ready.model.model.conv1.in_channels == 1


def test_weights_that_say_nothing_leave_the_training_statistics(published):
    (published / "config.json").unlink()
    ready = prepare(Fit(data="digits", model="resnet20", weights=str(published)), None, None)
    plain = prepare(Fit(data="digits", model="resnet20"), None, None)
    assert torch.equal(ready.model.input.mean, plain.model.input.mean)
    assert f"{published} does not say how images were prepared: the training statistics are used" in ready.notes


def test_published_weights_choose_their_model_where_none_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "BASE", "http://127.0.0.1:9/")
    for place in ("XDG_CACHE_HOME", "TORCH_HOME"):
        monkeypatch.setenv(place, str(tmp_path))
    with pytest.raises(InputError, match=r"cannot download resnet18-f37072fd\.pth"):
        prepare(Fit(data="digits", weights="torchvision:resnet18"), None, None)


def test_a_module_of_the_users_own_takes_weights_too(published):
    model = create("resnet20", 10, 1)
    ready = prepare(Fit(data="digits", weights=str(published)), None, model)
    assert ready.model is model
    assert torch.equal(model.layer3[2].conv2.weight, body(published))
    assert ready.model_record["weights"]["source"] == str(published)


def test_weights_of_two_origins_are_refused(published, tmp_path):
    with pytest.raises(InputError, match="not from both: leave out --parent or --weights"):
        prepare(Fit(data="digits", weights=str(published), parent=tmp_path), None, None)


def test_a_run_tells_its_weights_and_needs_them_no_more(photos, published, tmp_path):
    model_option = {"width": 16}
    told = {"data": photos, "model": "resnet20", "model_option": model_option, "weights": published}
    run = burnish.fit(**told, max_steps=2, epochs=1, out=tmp_path / "runs", quiet=True)
    digest = files.sha256(published / "model.safetensors")
    assert run.config["model"]["weights"] == {"source": str(published), "sha256": digest}
    assert run.config["fit"]["weights"] == str(published)
    shutil.rmtree(published)
    images = torch.rand(2, 3, 24, 24)
    again = burnish.load_run(run.path)
    assert torch.equal(again.model(images), run.model(images))
    assert again.model.input.mean.tolist() == [0.5, 0.25, 0.125]
    child = burnish.fit(parent=run.path, max_steps=1, epochs=1, out=tmp_path / "runs", quiet=True)
    assert child.model.input.mean.tolist() == [0.5, 0.25, 0.125]


def test_a_run_that_was_cut_off_goes_on_without_its_weights(published, tmp_path):
    class Cut(Exception):  # noqa: N818
        pass

    class StopBeforeTheEnd:
        name = "stop"

        def subscribe(self, engine):
            def stop(engine):
                if engine.step == engine.total_steps - 1:
                    raise Cut

            engine.events.on("step", stop)

        def state_dict(self):
            return {}

        def load_state_dict(self, state):
            pass

    told = {"data": "digits", "model": "resnet20", "weights": published, "max_steps": 4, "batch_size": 8, "quiet": True}
    whole = burnish.fit(**told, out=tmp_path / "whole")
    with pytest.raises(Cut):
        burnish.fit(**told, out=tmp_path / "cut", checkpoint_steps=2, observers=[StopBeforeTheEnd()])
    shutil.rmtree(published)
    resumed = burnish.fit(resume=tmp_path / "cut" / "0001-fit", quiet=True).model.state_dict()
    assert all(torch.equal(tensor, resumed[name]) for name, tensor in whole.model.state_dict().items())


def test_trained_weights_are_tuned_at_a_tenth_of_the_rate_unless_one_is_given(published):
    plain = prepare(Fit(data="digits", model="resnet20"), None, None).options.learning_rate
    ready = prepare(Fit(data="digits", model="resnet20", weights=str(published)), None, None)
    assert ready.options.learning_rate == pytest.approx(plain / 10)
    assert "the learning rate is 0.0004, a tenth of the usual: the weights are trained" in ready.notes
    given = prepare(Fit(data="digits", model="resnet20", weights=str(published), learning_rate=0.01), None, None)
    assert given.options.learning_rate == 0.01


def test_what_is_frozen_is_told():
    ready = prepare(Fit(data="digits", model="resnet20", freeze="backbone"), None, None)
    assert "frozen: stem, layer1, layer2, layer3" in ready.notes
