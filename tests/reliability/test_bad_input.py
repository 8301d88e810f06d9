"""Bad input: one clear line, exit 2, no traceback, no run folder, nothing half-written."""

import io
import shutil
import signal
import tarfile

import pytest

from burnish.common.errors import InputError
from burnish.data import load
from burnish.runs.folder import RunLock

from .conftest import write_photos

MODULES = {
    "fails": "def forward(self, x):\n        raise ZeroDivisionError('no such thing')",
    "narrow": "def forward(self, x):\n        return self.one(x.flatten(1))[:, :1]",
    "wide": "def forward(self, x):\n        return self.one(x.flatten(1)).repeat(1, 3)",
    "channels": "def forward(self, x):\n        return self.one(x.flatten(1))",
    "scalar": "def forward(self, x):\n        return self.one(x.flatten(1)).mean()",
}
MODULE = """
import torch
from torch import nn

class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Linear(8 * 8 * 3, 2)

    {forward}
"""


@pytest.fixture(scope="module")
def place(samples, tmp_path_factory):
    """A folder with everything that can be wrong."""
    folder = tmp_path_factory.mktemp("place")
    write_photos(folder / "photos", 10, size=8)
    write_photos(folder / "grey", 10, size=32, mode="L")
    for name in ("corrupt", "no-image", "empty-class", "one-class", "nothing"):
        shutil.copytree(folder / "photos", folder / name)
    (folder / "no-image" / "dark" / "003.png").write_bytes(b"\x89PNG\r\n\x1a\nno picture")
    (folder / "corrupt" / "dark" / "000.png").write_bytes((folder / "photos" / "dark" / "000.png").read_bytes()[:-60])
    (folder / "empty-class" / "neither").mkdir()
    shutil.rmtree(folder / "one-class" / "light")
    shutil.rmtree(folder / "nothing")
    (folder / "nothing").mkdir()
    for name in ("churn.csv", "price.csv", "words.txt"):
        shutil.copy(samples / name, folder / name)
    (folder / "ragged.csv").write_text("a,b,c\n1,2,x\n3,4\n5,6,7,8,9\n")
    (folder / "short.txt").write_text("abc")
    (folder / "empty.csv").write_text("")
    (folder / "same.csv").write_text("a,b\n" + "1,yes\n2,yes\n3,yes\n" * 10)
    (folder / "broken.parquet").write_bytes(b"PAR1 nothing")
    (folder / "photos.zzz").write_text("x")
    (folder / "a-file").write_text("in the way")
    for name, forward in MODULES.items():
        (folder / f"{name}.py").write_text(MODULE.format(forward=forward))
    (folder / "syntax.py").write_text("def forward(:\n")
    (folder / "needs.py").write_text("from torch import nn\nclass Model(nn.Linear):\n    pass\n")
    return folder


CHURN, PHOTOS, MLP = ("--data", "churn.csv"), ("--data", "photos"), ("--model", "mlp")
REFUSED = {
    "corrupt image": (("--data", "corrupt", *MLP), "cannot read image corrupt/dark/000.png"),
    "header of no image": (
        ("--data", "no-image", *MLP, "--cache-mb", "0"),
        "cannot read image no-image/dark/003.png",
    ),
    "empty class folder": (("--data", "empty-class"), "empty-class/neither has no images"),
    "one class folder": (("--data", "one-class"), "has one class only ('dark')"),
    "folder without anything": (("--data", "nothing"), "nothing"),
    "no such folder": (("--data", "my/photos"), "there is no file or folder 'my/photos'"),
    "no such file": (("--data", "chrun.csv"), "did you mean 'churn.csv'?"),
    "unknown data": (("--data", "digts"), "there is no data 'digts' (did you mean 'digits'?)"),
    "unknown kind of file": (("--data", "photos.zzz"), "photos.zzz is of no known type ('.zzz')"),
    "empty file": (("--data", "empty.csv"), "empty.csv is empty"),
    "ragged table": (("--data", "ragged.csv"), "ragged.csv"),
    "broken parquet": (("--data", "broken.parquet"), "broken.parquet"),
    "target that never varies": (("--data", "same.csv"), "one class only ('yes')"),
    "missing target column": ((*CHURN, "--target", "chrun"), "unknown target column of churn.csv 'chrun'"),
    "text that is too short": (("--data", "short.txt"), "short.txt"),
    "no data": ((), "no data: give --data NAME or PATH"),
    "unknown model": ((*CHURN, "--model", "mpl"), "unknown model 'mpl' (did you mean 'mlp'?)"),
    "model of another kind of data": ((*CHURN, "--model", "lenet5"), "lenet5 takes image data, not table"),
    "unknown model option": ((*CHURN, *MLP, "--model-option", "dropuot=0.1"), "did you mean 'dropout'?"),
    "model option out of range": ((*CHURN, *MLP, "--model-option", "dropout=2"), "dropout must lie in [0, 1)"),
    "model option of another type": ((*CHURN, *MLP, "--model-option", "hidden=many"), "hidden"),
    "unknown task": ((*CHURN, "--task", "clasification"), "did you mean 'classification'?"),
    "task of another kind of data": ((*CHURN, "--task", "gan"), "generator"),
    "unknown option": ((*CHURN, "--epoch", "3"), "--epochs"),
    "unknown optimizer": ((*CHURN, "--optimizer", "adma"), "(did you mean 'adam'?)"),
    "unknown schedule": ((*CHURN, "--schedule", "cosin"), "(did you mean 'cosine'?)"),
    "negative learning rate": ((*CHURN, "--learning-rate", "-1"), "learning_rate must be a positive number, got -1.0"),
    "learning rate that is text": ((*CHURN, "--learning-rate", "fast"), "--learning-rate expects a number, got 'fast'"),
    "no epochs": ((*CHURN, "--epochs", "0"), "epochs must be at least 1, got 0"),
    "half an epoch": ((*CHURN, "--epochs", "0.5"), "--epochs expects a whole number, got '0.5'"),
    "batch larger than the data": (
        (*CHURN, "--batch-size", "1000"),
        "batch_size 1000 is larger than the training split",
    ),
    "average out of range": ((*CHURN, "--ema", "1.5"), "ema must lie in (0, 1), got 1.5"),
    "momentum out of range": ((*CHURN, "--optimizer", "momentum", "--momentum", "1"), "momentum must lie in [0, 1)"),
    "no clipping at all": ((*CHURN, "--clip-norm", "0"), "clip_norm must be"),
    "shares that leave nothing": ((*CHURN, "--validation", "0.6", "--test", "0.6"), "leave nothing to train on"),
    "share above one": ((*CHURN, "--test", "1.5"), "a share of the data must lie in [0, 1), got 1.5"),
    "smoothing of numbers": (("--data", "price.csv", "--label-smoothing", "0.1"), "label_smoothing"),
    "channels_last of a table": ((*CHURN, "--channels-last"), "channels_last needs images"),
    "GPU where there is none": ((*CHURN, "--device", "cuda:99"), "device 'cuda:99' was asked for, but torch finds"),
    "unknown device": ((*CHURN, "--device", "gpu"), "unknown device 'gpu'"),
    "line search with decay": ((*CHURN, "--optimizer", "lbfgs", "--weight-decay", "0.1"), "use --l2 0.1 instead"),
    "option of another kind of data": ((*CHURN, "--input-size", "8"), "input_size"),
    "module that is not there": ((*PHOTOS, "--model", "nowhere:Model"), "cannot import the model 'nowhere:Model'"),
    "module that cannot be read": ((*PHOTOS, "--model", "syntax:Model"), "importing 'syntax' failed with SyntaxError"),
    "module that needs arguments": ((*PHOTOS, "--model", "needs:Model"), "cannot call needs:Model without arguments"),
    "forward that fails": ((*PHOTOS, "--model", "fails:Model"), "gave ZeroDivisionError: no such thing"),
    "too few outputs": ((*PHOTOS, "--model", "narrow:Model"), "needs outputs of shape (batch, 2), got (2, 1)"),
    "too many outputs": ((*PHOTOS, "--model", "wide:Model"), "needs outputs of shape (batch, 2), got (2, 6)"),
    "one output for all": ((*PHOTOS, "--model", "scalar:Model"), "needs outputs of shape (batch, 2), got ()"),
    "images of other channels": (
        ("--data", "grey", "--model", "channels:Model"),
        "cannot be trained on grey: inputs of shape (2, 1, 32, 32)",
    ),
    "parent that is no run": ((*CHURN, "--parent", "photos"), "'"),
    "resume of nothing": (("--resume", "runs/0099-fit"), "there is no run 'runs/0099-fit'"),
    "resume of a folder that is no run": (("--resume", "photos"), "is not a run: it has no config.toml"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_one_line_and_no_run(name, shell, place):
    words, line = REFUSED[name]
    before = sorted(place.rglob("*"))
    ended = shell("fit", *words, "--max-steps", "2", cwd=place)
    assert ended.line.startswith("burnish fit: ")
    assert line in ended.line
    assert ended.out == ""
    assert [path for path in sorted(place.rglob("*")) if path not in before and path.name != "__pycache__"] == [
        path for path in place.rglob("*.pyc")
    ]


@pytest.mark.parametrize("out", ["a-file", "a-file/runs", "/proc/runs"])
def test_an_out_folder_that_cannot_be_written_is_named(out, shell, place):
    line = shell("fit", *CHURN, "--out", out, cwd=place).line
    assert f"cannot make a run folder in '{out}': " in line
    assert line.endswith("choose another with --out")


@pytest.fixture(scope="module")
def finished(shell, place):
    ended = shell("fit", *CHURN, *MLP, "--max-steps", "2", cwd=place)
    assert ended.code == 0, ended.err
    yield ended.run
    shutil.rmtree(ended.run.parent)


def test_a_corrupt_image_that_is_met_while_training_is_one_line(shell, place, tmp_path):
    words = ("fit", "--data", "corrupt", *MLP, "--cache-mb", "0", "--quiet", "--out", tmp_path)
    for workers in (0, 1):
        line = shell(*words, "--workers", workers, cwd=place).line
        assert "cannot read image " in line
        assert "corrupt/dark/000.png" in line


def test_a_finished_run_is_not_resumed(shell, finished):
    line = shell("fit", "--resume", finished).line
    assert line == f"burnish fit: run {finished} is finished: start another from it with --parent {finished}"


@pytest.mark.parametrize("words", [("--epochs", "7"), ("--data", "churn.csv"), ("--seed", "1"), ("--ema", "0.5")])
def test_resume_takes_no_other_options(words, shell, finished, place):
    line = shell("fit", "--resume", finished, *words, cwd=place).line
    assert f"--resume takes its options from the run: leave out {words[0][2:]}" in line


def more_rows(table):
    table.write_text(table.read_text() + "0.5,a,0.5,yes\n" * 5)


def other_columns(table):
    shutil.copy(table.parent / "price.csv", table)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (more_rows, "churn is not what it was when this run began: 84 train samples then, 88 now;"),
        (other_columns, "their schema differs (table, classification then; table, regression now)"),
    ],
)
def test_resume_on_data_that_changed_is_refused(change, line, shell, place, tmp_path):
    for name in ("churn.csv", "price.csv"):
        shutil.copy(place / name, tmp_path / name)
    ended = shell("fit", *CHURN, *MLP, "--out", tmp_path / "runs", cwd=tmp_path, kill_at={"step": 3})
    assert ended.code == -signal.SIGKILL
    change(tmp_path / "churn.csv")
    assert line in shell("fit", "--resume", ended.run).line


def test_a_second_writer_is_refused(shell, place, tmp_path):
    ended = shell("fit", *CHURN, *MLP, "--out", tmp_path, cwd=place, kill_at={"step": 3})
    with RunLock(ended.run):
        assert "is being written by process" in shell("fit", "--resume", ended.run).line
    assert shell("fit", "--resume", ended.run).code == 0


@pytest.mark.parametrize("name", ["../../outside.png", "/tmp/outside.png", "train/cat/../../../outside.png"])
def test_an_archive_that_leads_outside_is_refused(name, tmp_path, monkeypatch):
    (tmp_path / "data" / "cifar10-jpeg").mkdir(parents=True)
    with tarfile.open(tmp_path / "data" / "cifar10-jpeg" / "cifar10-jpeg.tar.gz", "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("train/cat/1.png"), io.BytesIO())
        archive.addfile(tarfile.TarInfo(name), io.BytesIO())
    monkeypatch.setenv("BURNISH_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(InputError, match=r"has (an absolute path|'\.\.' in its path)"):
        load("cifar10-jpeg")
    assert not list(tmp_path.rglob("*.png"))
