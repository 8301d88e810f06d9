"""Tests of burnish.verbs.export: from a run to a file that runs without burnish."""

import json
import os
import subprocess
import sys

import pytest
import torch

import burnish
from burnish.cli import main
from burnish.common.errors import InputError
from burnish.common.seeding import rng_state
from burnish.verbs.exporting import torch_file

QUIET = {"quiet": True, "threads": 1, "epochs": 1}
WITHOUT_BURNISH = """
import sys
sys.modules["burnish"] = None  # importing it fails from here on
import torch
for place in sys.argv[1:]:
    model = torch.export.load(place).module()
    inputs, outputs = torch.load(place + ".expected", weights_only=True)
    torch.testing.assert_close(model(inputs), outputs, equal_nan=True)
    torch.testing.assert_close(model(inputs[:1]), outputs[:1], equal_nan=True)
print("alike", len(sys.argv) - 1)
"""


def exported(run, folder, name):
    """A run's torch file, with inputs and the answers of the run's model beside it."""
    found = burnish.export(run, file=folder / f"{name}.pt2")
    count = min(5, len(run.data.validation))
    inputs = run.data.validation.gather(torch.arange(count))[0]
    with torch.no_grad():
        torch.save((inputs, run.model(inputs)), f"{found.path}.expected")
    return str(found.path)


def test_pruned_tabular_and_text_runs_run_where_burnish_cannot_be_imported(digits_run, table_run, text_run, tmp_path):
    cut = burnish.prune(digits_run, ratio=0.5, out=tmp_path, **QUIET)
    sparse = burnish.prune(digits_run, level="weight", sparsity=0.8, out=tmp_path, **QUIET)
    runs = {"cut": cut, "sparse": sparse, "table": table_run, "text": text_run}
    files = [exported(run, tmp_path, name) for name, run in runs.items()]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", WITHOUT_BURNISH, *files],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
    )
    assert done.stdout.strip() == "alike 4", done.stderr
    whole = burnish.export(digits_run, file=tmp_path / "whole.pt2")
    assert os.path.getsize(files[0]) < whole.bytes
    assert "removed single weights are zeros in the file" in burnish.export(sparse).notes[0]


def test_onnxruntime_answers_as_the_model_and_the_file_names_the_classes(digits_run, tmp_path):
    onnx, runtime = pytest.importorskip("onnx"), pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    found = burnish.export(digits_run, to="onnx", file=tmp_path / "digits.onnx")
    assert found.difference <= 1e-4 * found.largest
    assert found.count == len(digits_run.data.validation)
    session = runtime.InferenceSession(found.path, providers=["CPUExecutionProvider"])
    inputs, _ = digits_run.data.test.gather(torch.arange(6))
    for part in (inputs, inputs[:1]):
        (answers,) = session.run(["outputs"], {"inputs": part.numpy()})
        torch.testing.assert_close(torch.from_numpy(answers), digits_run.model(part).detach(), rtol=1e-4, atol=1e-4)
    (about,) = onnx.load(found.path).metadata_props
    told = json.loads(about.value)
    assert told["schema"]["classes"] == list(digits_run.schema.classes)
    assert (told["run"], told["inputs"]) == (digits_run.path.name, "float32 [batch, 1, 8, 8]")


def test_the_shell_prints_one_object_and_the_file_lies_in_the_run(digits_run, capsys):
    file = digits_run.path / "model.pt2"
    file.unlink(missing_ok=True)
    assert main(["export", str(digits_run.path), "--json", "--batch", "4"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["run"], told["path"]) == (str(digits_run.path), str(file))
    assert told["inputs"] == "float32 [4, 1, 8, 8]"
    assert told["bytes"] == file.stat().st_size
    assert main(["export", str(digits_run.path), "--overwrite"]) == 0
    assert "differs by at most" in capsys.readouterr().out


def test_a_generator_of_samples_is_exported(points_run, tmp_path):
    found = burnish.export(points_run, file=tmp_path / "points.pt2")
    made = torch.export.load(found.path).module()(torch.zeros(3, 16))
    assert torch.allclose(made, points_run.model.generator(torch.zeros(3, 16)))
    assert found.notes == ("the generator is exported: noise in, samples out",)


def test_nothing_of_the_run_is_changed(digits_run, tmp_path):
    model = digits_run.model.train()
    model.requires_grad_(True)
    before = rng_state()
    state = {name: value.clone() for name, value in model.state_dict().items()}
    try:
        burnish.export(digits_run, file=tmp_path / "x.pt2")
        assert all(part.training for part in model.modules())
        assert all(weight.grad is None and weight.requires_grad for weight in model.parameters())
        assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
        assert str(rng_state()) == str(before)
    finally:
        model.eval()


def test_a_file_that_answers_otherwise_is_never_written(digits_run, tmp_path, monkeypatch):
    read = torch_file.read

    def wrong(content):
        answer = read(content)
        return lambda inputs: [answer(inputs)[0].roll(1, dims=1)]

    monkeypatch.setattr(torch_file, "read", wrong)
    with pytest.raises(InputError, match=r"answers otherwise than the run's: .* apart on validation samples"):
        burnish.export(digits_run, file=tmp_path / "x.pt2")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_what_was_there(digits_run, tmp_path, monkeypatch):
    (tmp_path / "x.pt2").write_text("old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(InputError, match=r"cannot write .*x\.pt2: No space left on device; name another file"):
        burnish.export(digits_run, file=tmp_path / "x.pt2", overwrite=True)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("x.pt2", "old")]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere"], "there is no run 'nowhere'"),
        (["RUN", "--to", "tflite"], "--to"),
        (["RUN", "--batch", "some"], "--batch"),
        (["RUN", "--file", "x.bin"], "--to torch writes .pt2 files, got 'x.bin': name it x.pt2"),
        (["RUN", "--file", "none/x.pt2"], "there is no folder 'none'"),
        (["RUN", "--device", "tpu"], "unknown device 'tpu'"),
    ],
)
def test_bad_input_is_one_line(digits_run, capsys, words, message):
    assert main(["export", *(str(digits_run.path) if word == "RUN" else word for word in words)]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
