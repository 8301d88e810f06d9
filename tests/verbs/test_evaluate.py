"""Tests of burnish.verbs.evaluate."""

import json

import pytest
import torch

import burnish
from burnish import cli
from burnish.common.errors import InputError
from burnish.common.seeding import rng_state


def kept(run, name="test"):
    return json.loads((run.path / f"evaluation-{name}.json").read_text())


def test_the_scores_are_those_of_the_model_with_intervals(digits_run):
    evaluation = burnish.evaluate(digits_run)
    images, labels = digits_run.data.test.gather(torch.arange(len(digits_run.data.test)))
    right = (digits_run.model(images).argmax(dim=1) == labels).double().mean().item()
    accuracy = evaluation.metrics["accuracy"]
    assert accuracy.value == pytest.approx(right)
    assert accuracy.low < accuracy.value < accuracy.high
    assert accuracy.count == len(labels)
    wide = burnish.evaluate(digits_run, confidence=0.99).metrics["accuracy"]
    assert wide.low < accuracy.low
    assert wide.high > accuracy.high


def test_what_is_kept_reads_back(digits_run):
    evaluation = burnish.evaluate(digits_run, mistakes=5)
    found = kept(digits_run)
    assert found["metrics"] == {name: vars(estimate) for name, estimate in evaluation.metrics.items()}
    assert burnish.load_run(digits_run.path).metrics["test"] == evaluation.metrics
    assert found["count"] == len(digits_run.data.test) == sum(map(sum, found["confusion"]))
    assert [row["name"] for row in found["classes"]] == [*"0123456789"]
    assert len(found["mistakes"]) == 5


def test_a_split_is_chosen(digits_run):
    evaluation = burnish.evaluate(digits_run, split="validation")
    assert evaluation.metrics["accuracy"].count == len(digits_run.data.validation)
    assert kept(digits_run, "validation")["split"] == "validation"
    assert evaluation.metrics["accuracy"] == digits_run.metrics["validation"]["accuracy"]


def test_the_shell_says_the_same(digits_run, capsys):
    expected = burnish.evaluate(digits_run).metrics["accuracy"]
    assert cli.main(["evaluate", str(digits_run.path), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["metrics"]["accuracy"] == vars(expected)
    assert cli.main(["evaluate", str(digits_run.path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "0001-fit on 359 test samples (95% intervals)"
    assert f"  accuracy        {expected}" in lines


def test_a_language_model_leaves_a_text(text_run):
    burnish.evaluate(text_run)
    text = kept(text_run)["sample"]
    assert len(text) == 300
    assert set(text) <= set(text_run.schema.vocabulary)
    assert text == burnish.predict(text_run).labels[0]


def test_a_generator_leaves_what_it_made(points_run, tmp_path):
    burnish.evaluate(points_run)
    samples = kept(points_run)["samples"]
    assert len(samples["points"]) == len(samples["reference"]) == 500
    run = burnish.fit("digits", "gan", max_steps=1, out=tmp_path, quiet=True)
    burnish.evaluate(run)
    assert all(uri.startswith("data:image/png;base64,") for uri in kept(run)["samples"]["pictures"])
    assert "made" not in kept(run)


def test_a_generator_is_scored_on_all_samples_and_says_so(points_run, capsys):
    assert cli.main(["evaluate", str(points_run.path)]) == 0
    assert f"on {len(points_run.data.test):,} test samples" in capsys.readouterr().out


def test_a_regression_leaves_its_residuals(tmp_path):
    run = burnish.fit("diabetes", "mlp", max_steps=5, out=tmp_path, quiet=True)
    burnish.evaluate(run, mistakes=3)
    found = kept(run)
    assert len(found["residuals"]["target"]) == len(found["residuals"]["prediction"]) == found["count"]
    assert [row["loss"] for row in found["mistakes"]] == sorted((r["loss"] for r in found["mistakes"]), reverse=True)


def test_scores_on_other_data_are_kept_apart(table_run, customers, tmp_path, capsys):
    burnish.evaluate(table_run)
    before = kept(table_run)
    other = tmp_path / "next month.csv"
    other.write_text(customers.read_text())
    assert cli.main(["evaluate", str(table_run.path), "--data", str(other)]) == 0
    assert "on 40 test samples of next month, --split all scores every one (95% intervals)" in capsys.readouterr().out
    assert kept(table_run, "test-next-month")["data"] == "next month"
    assert kept(table_run) == before


def test_all_of_other_data_may_be_scored(table_run, customers, tmp_path, capsys):
    other = tmp_path / "more.csv"
    other.write_text(customers.read_text())
    assert cli.main(["evaluate", str(table_run.path), "--data", str(other), "--split", "all"]) == 0
    assert "0001-fit on 200 samples of more (95% intervals)" in capsys.readouterr().out
    found = kept(table_run, "all-more")
    predicted = burnish.predict(table_run, other).labels
    truth = [line.rsplit(",", 1)[1] for line in other.read_text().splitlines()[1:]]
    right = sum(label == true for label, true in zip(predicted, truth, strict=True))
    assert found["metrics"]["accuracy"]["value"] == right / 200
    with pytest.raises(InputError, match="--split all is for other data, given with --data: the run has learnt"):
        burnish.evaluate(table_run, split="all")


def test_naming_the_runs_own_data_is_no_other_data(table_run, customers):
    expected = burnish.evaluate(table_run).metrics
    assert burnish.evaluate(table_run, data=customers).metrics == expected
    assert not list(table_run.path.glob("evaluation-test-customers*"))


def test_a_run_from_memory_asks_for_its_data(tmp_path):
    x = torch.rand(60, 4, generator=torch.Generator().manual_seed(0))
    y = (x[:, 0] > 0.5).long()
    run = burnish.fit((x, y), "mlp", epochs=1, out=tmp_path, quiet=True)
    expected = burnish.evaluate(run)
    with pytest.raises(InputError, match="was made from data in memory: pass data= with the same tensors"):
        burnish.evaluate(run.path)
    assert burnish.evaluate(run.path, data=(x, y)).metrics == expected.metrics
    assert [path.name for path in run.path.glob("evaluation-*")] == ["evaluation-test.json"]


def test_data_of_another_kind_are_refused(digits_run):
    with pytest.raises(InputError, match=r"iris does not fit run 0001-fit: table \(4,\), expected image \(1, 8, 8\)"):
        burnish.evaluate(digits_run, data="iris")


def test_everything_is_left_as_it_was(digits_run):
    digits_run.model.train()
    before = rng_state()
    burnish.evaluate(digits_run)
    burnish.evaluate(digits_run.path)
    after = rng_state()
    assert all(module.training for module in digits_run.model.modules())
    assert torch.equal(before["torch"], after["torch"])
    assert before["python"] == after["python"]
    assert torch.equal(before["numpy"][1], after["numpy"][1])
    digits_run.model.eval()


def test_ones_own_module_is_given_again_or_trusted(tmp_path, monkeypatch):
    (tmp_path / "own_net_of_test_evaluate.py").write_text(
        "import torch\n"
        "class Net(torch.nn.Sequential):\n"
        "    def __init__(self):\n"
        "        super().__init__(torch.nn.Flatten(), torch.nn.Linear(64, 10))\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    run = burnish.fit("digits", "own_net_of_test_evaluate:Net", max_steps=5, out=tmp_path, quiet=True)
    expected = burnish.evaluate(run).metrics
    with pytest.raises(InputError, match=r"your own module own_net_of_test_evaluate:Net: pass it as load_run"):
        burnish.evaluate(run.path)
    assert cli.main(["evaluate", str(run.path)]) == 2
    assert burnish.evaluate(run.path, trust=True).metrics == expected
    given = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 10)).train()
    assert burnish.evaluate(run.path, model=given).metrics == expected
    assert given.training


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--split", "tset"], "--split expects one of train, validation, test, all, got 'tset'"),
        (["--confidence", "95"], "confidence must lie in (0, 1), got 95"),
        (["--mistakes", "-1"], "mistakes must be 0 or more, got -1"),
        (["--data", "irs"], "there is no data 'irs' (did you mean 'iris'?)"),
    ],
)
def test_what_cannot_be_is_one_line_and_exit_2(words, line, digits_run, capsys):
    assert cli.main(["evaluate", str(digits_run.path), *words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert line in err
    assert err.count("\n") == 1


def test_an_empty_split_is_told(tmp_path):
    run = burnish.fit("digits", "mlp", max_steps=1, validation=0.0, out=tmp_path, quiet=True)
    with pytest.raises(InputError, match="the validation split of digits is empty: score another split"):
        burnish.evaluate(run, split="validation")


def test_views_are_averaged_and_kept_apart(digits_run, capsys):
    before = burnish.evaluate(digits_run).metrics["accuracy"]
    images, labels = digits_run.data.test.gather(torch.arange(len(digits_run.data.test)))
    with torch.no_grad():
        shares = sum(digits_run.model(view).softmax(dim=1) for view in (images, images.flip(3)))
    right = (shares.argmax(dim=1) == labels).double().mean().item()
    seen = burnish.evaluate(digits_run, views="identity, horizontal-flip").metrics["accuracy"]
    assert seen.value == pytest.approx(right)
    assert seen.value != before.value
    assert kept(digits_run, "test-2-views")["views"] == ["identity", "horizontal-flip"]
    assert kept(digits_run)["metrics"]["accuracy"]["value"] == before.value
    assert cli.main(["evaluate", str(digits_run.path), "--views", "identity,horizontal-flip"]) == 0
    assert capsys.readouterr().out.startswith("0001-fit on 359 test samples, mean of 2 views (95% intervals)")


def test_views_that_cannot_be_are_told(digits_run, table_run):
    with pytest.raises(InputError, match=r"unknown view 'flip'"):
        burnish.evaluate(digits_run, views="flip")
    with pytest.raises(InputError, match="views are those of images with a label or a number, this run has table data"):
        burnish.evaluate(table_run, views="identity")
