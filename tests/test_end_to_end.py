"""From data to a report, as a user does it: whole processes, real data, every exit code."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import burnish
from burnish import cli

BURNISH = [sys.executable, "-m", "burnish"]
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1"}


def shell(*words):
    return subprocess.run([*BURNISH, *map(str, words)], capture_output=True, text=True, timeout=240, env=ENVIRONMENT)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return shell("fit", "--data", "digits", "--model", "mlp", "--epochs", "2", "--out", folder, "--json")


@pytest.fixture(scope="module")
def run(fitted):
    assert fitted.returncode == 0, fitted.stderr
    return Path(json.loads(fitted.stdout)["run"])


def test_fit_prints_one_json_object_and_its_progress_on_stderr(fitted, run):
    answer = json.loads(fitted.stdout)
    assert fitted.stdout.count("\n") == 1
    assert answer["metrics"]["validation"]["accuracy"]["value"] > 0.8
    assert "26,122 parameters" in fitted.stderr
    for name in ("config.toml", "result.json", "metrics.jsonl", "env.json", "schema.json", "model.safetensors"):
        assert (run / name).is_file()


def test_evaluate_scores_the_test_split_with_intervals(run, capsys):
    assert cli.main(["evaluate", str(run), "--split", "test", "--json"]) == 0
    accuracy = json.loads(capsys.readouterr().out)["metrics"]["accuracy"]
    assert 0.8 < accuracy["low"] < accuracy["value"] < accuracy["high"] < 1
    assert (run / "evaluation-test.json").is_file()


def test_describe_and_report_take_the_run(run, capsys):
    assert cli.main(["describe", str(run)]) == 0
    assert "26,122" in capsys.readouterr().out
    assert cli.main(["report", str(run), "--json"]) == 0
    page = Path(json.loads(capsys.readouterr().out)["report"])
    assert page == run / "report.html"
    assert "<html" in page.read_text(encoding="utf-8")


def test_predict_writes_a_row_a_picture(run, tmp_path, capsys):
    from PIL import Image
    from sklearn.datasets import load_digits

    digits = load_digits()
    files = []
    for number in range(5):
        files.append(tmp_path / f"{number}.png")
        Image.fromarray((digits.images[number] * 255 / 16).round().astype("uint8")).save(files[-1])
    table = tmp_path / "predictions.csv"
    assert cli.main(["predict", str(run), *map(str, files), "--to", str(table)]) == 0
    lines = table.read_text().splitlines()
    assert len(lines) == 1 + len(files)
    right = sum(str(digits.target[number]) in lines[1 + number].split(",") for number in range(5))
    assert right >= 4


def test_python_does_the_same_as_the_shell(run, tmp_path):
    again = burnish.fit(data="digits", model="mlp", epochs=2, out=tmp_path, quiet=True)
    loaded = burnish.load_run(run)
    weights = loaded.model.state_dict()
    assert all(tensor.equal(weights[name]) for name, tensor in again.model.state_dict().items())
    assert again.metrics["validation"]["accuracy"] == loaded.metrics["validation"]["accuracy"]


def test_a_recipe_ends_in_a_table_and_a_page(tmp_path, capsys):
    short = ["baseline.epochs=1", "resnet20.max-steps=3", "hardened.max-steps=3", "pruned.max-steps=3"]
    short += [f"{step}.samples=16" for step in (9, 10, 11)]
    words = ["run", "quickstart", *(word for change in short for word in ("--set", change)), "--out", str(tmp_path)]
    assert cli.main(words) == 0
    out, _ = capsys.readouterr()
    ids = ["baseline", "resnet20", "hardened", "pruned"]
    assert [line.split()[0] for line in out.splitlines() if line.split()[:1] and line.split()[0] in ids] == ids
    page = Path(out.splitlines()[-1].removeprefix("report: "))
    assert page.is_file()
    assert page.is_relative_to(tmp_path)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--data", "digits", "--model", "mpl"], "burnish fit: unknown model 'mpl' (did you mean 'mlp'?)"),
        (["--data", "digts"], "did you mean 'digits'?"),
        (["--data", "digits", "--learning-rate", "-1"], "learning"),
        (["--data", "digits", "--model-option", "depht=3"], "has no option 'depht'"),
        ([], "burnish fit: no data: give --data NAME or PATH"),
    ],
)
def test_bad_input_is_one_line_exit_2_and_leaves_nothing_behind(words, line, tmp_path, capsys):
    assert cli.main(["fit", *words, "--out", str(tmp_path / "runs")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert line in err.splitlines()[-1]
    assert not list(tmp_path.rglob("*.*"))


@pytest.mark.parametrize("verb", ["evaluate", "predict", "report"])
def test_a_folder_that_is_no_run_is_one_line_and_exit_2(verb, tmp_path, capsys):
    assert cli.main([verb, str(tmp_path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"burnish {verb}: ")
    assert err.count("\n") == 1


def test_an_interruption_saves_exits_130_and_says_how_to_go_on(tmp_path):
    words = ["fit", "--data", "digits", "--model", "mlp", "--epochs", "100000", "--out", str(tmp_path)]
    with subprocess.Popen(
        [*BURNISH, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT
    ) as fit:
        try:
            while not fit.stderr.readline().startswith("epoch"):
                assert fit.poll() is None
            fit.send_signal(signal.SIGINT)
            out, err = fit.communicate(timeout=120)
        finally:
            fit.kill()
    assert fit.returncode == 130
    assert out == ""
    assert "--resume" in err.splitlines()[-1]
