"""Tests of burnish.verbs.attack."""

import json

import pytest
import torch
from torch import nn

import burnish
from burnish import cli
from burnish.common.errors import InputError
from burnish.common.seeding import rng_state
from burnish.verbs.attack import Attack


@pytest.fixture(scope="module")
def found(digits_run):
    return burnish.attack(digits_run, eps=0.1, samples=64, quiet=True)


def kept(run, name):
    return json.loads((run.path / f"robustness-{name}.json").read_text())


def weights(x):
    return (x.flatten(1) - 0.5) @ torch.randn(64, 10, generator=torch.Generator().manual_seed(0))


def test_what_is_left_is_what_the_model_still_gets_right(found, digits_run):
    with torch.no_grad():
        right = (digits_run.model(found.inputs).argmax(dim=1) == found.result.labels).float().mean().item()
    assert found.robust_accuracy.value == pytest.approx(right)
    assert found.robust_accuracy.value < found.clean_accuracy.value - 0.2
    assert [trial.attack for trial in found.attacks] == ["fgsm", "pgd", "square"]
    assert found.robust_accuracy.low < found.robust_accuracy.value < found.robust_accuracy.high


def test_the_result_is_kept_in_the_runs_folder(found, digits_run):
    assert found.file == digits_run.path / "robustness-quick-linf-0.1.json"
    plain = kept(digits_run, "quick-linf-0.1")
    assert plain["robust_accuracy"] == vars(found.robust_accuracy)
    assert (plain["suite"], plain["norm"], plain["eps"], plain["count"]) == ("quick", "linf", 0.1, 64)
    assert [row["attack"] for row in plain["attacks"]] == ["fgsm", "pgd", "square"]
    assert {row["name"] for row in plain["classes"]} <= set("0123456789")
    assert plain["curve"]["eps"] == [0, 0.025, 0.05, 0.1, 0.2]
    assert 0 < len(plain["examples"]) <= 12
    assert all(
        example[what].startswith("data:image/png")
        for example in plain["examples"]
        for what in ("clean", "change", "attacked")
    )


def test_the_shell_says_the_same(found, digits_run, capsys):
    words = ["attack", str(digits_run.path), "--eps", "0.1", "--samples", "64"]
    assert cli.main([*words, "--json"]) == 0
    out, err = capsys.readouterr()
    answer = json.loads(out)
    assert answer["robust_accuracy"] == vars(found.robust_accuracy)
    assert answer["run"] == str(digits_run.path)
    assert answer["robustness"] == str(found.file)
    assert "examples" not in answer
    assert "pgd on " in err
    assert cli.main([*words, "--quiet"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.startswith("0001-fit on 64 test samples of digits, linf eps 0.1 (95% intervals)")
    assert "worst case of fgsm, pgd, square" in out


def test_the_help_names_every_attack_that_can_be_chosen():
    from burnish.attacks.suites.catalogue import names
    from burnish.verbs.interface.options import descriptions

    told = descriptions(Attack)["attack"]
    assert f": {', '.join(names())}." in told


def test_a_module_is_attacked_with_data_and_gets_a_folder(digits_run, tmp_path):
    module = nn.Sequential(digits_run.model, nn.Identity()).train()
    found = burnish.attack(module, data="digits", attack="fgsm", eps=0.1, samples=32, out=tmp_path, quiet=True)
    assert module.training
    digits_run.model.eval()
    assert found.run == (tmp_path / "0001-attack").resolve()
    assert found.file.name == "robustness-fgsm-linf-0.1.json"
    run = burnish.load_run(found.run)
    assert run.config["attack"]["eps"] == 0.1
    assert run.result["metrics"]["test"]["accuracy"] == vars(found.clean_accuracy)
    assert burnish.report(found.run).is_file()


def test_a_function_is_attacked_by_its_answers(tmp_path):
    x = torch.rand(400, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    options = {"eps": 0.3, "black_box": "substitute", "queries": 300, "samples": 50, "split": "all"}
    found = burnish.attack(weights, data=(x, weights(x).argmax(1)), out=tmp_path, quiet=True, **options)
    assert found.clean_accuracy.value == 1
    assert found.robust_accuracy.value < 0.7
    assert found.black_box["queries"] == 300
    assert found.black_box["noise"]["value"] < 1 - found.robust_accuracy.value
    assert (found.run / "robustness-substitute-linf-0.3-all.json").is_file()


def test_an_import_path_names_a_module_or_a_function(tmp_path, monkeypatch, capsys):
    (tmp_path / "own_of_test_attack.py").write_text(
        "import torch\n"
        "class Net(torch.nn.Sequential):\n"
        "    def __init__(self):\n"
        "        super().__init__(torch.nn.Flatten(), torch.nn.Linear(64, 10))\n"
        "def predict(x):\n"
        "    raise ValueError('no such row')\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    words = ["--data", "digits", "--samples", "64", "--out", str(tmp_path / "runs"), "--quiet"]
    assert cli.main(["attack", "own_of_test_attack:Net", "--attack", "fgsm", *words]) == 0
    assert "Net on 64 test samples of digits" in capsys.readouterr().out
    assert cli.main(["attack", "own_of_test_attack:predict", *words]) == 2
    assert "predict is a function, of which only answers are known: give --black-box" in capsys.readouterr().err
    assert cli.main(["attack", "own_of_test_attack:predict", "--black-box", "substitute", *words]) == 2
    err = capsys.readouterr().err
    assert "predict raised ValueError: no such row" in err
    assert err.count("\n") == 1
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["0001-attack"]


def test_transfer_shows_what_fools_one_model_to_another(digits_run, tmp_path, capsys):
    other = burnish.fit("digits", "mlp", epochs=1, seed=5, out=tmp_path / "others", quiet=True)
    renamed = other.path.rename(other.path.with_name("0009-fit"))
    words = ["--eps", "0.1", "--samples", "64", "--attack", "pgd", "--transfer-to", str(renamed), "--quiet"]
    assert cli.main(["attack", str(digits_run.path), *words]) == 0
    out = capsys.readouterr().out
    assert "accuracy of each model under pgd, by the model that the attack was made on" in out
    matrix = kept(digits_run, "pgd-linf-0.1")["transfer"]
    assert matrix["names"] == ["0001-fit", "0009-fit"]
    own, across = matrix["robust"][0][0]["value"], matrix["robust"][0][1]["value"]
    assert own < across < matrix["clean"][1]["value"]


def test_everything_is_left_as_it_was(digits_run):
    digits_run.model.train()
    before, state = rng_state(), {name: value.clone() for name, value in digits_run.model.state_dict().items()}
    burnish.attack(digits_run, samples=16, quiet=True)
    after = rng_state()
    assert all(module.training for module in digits_run.model.modules())
    assert torch.equal(before["torch"], after["torch"])
    assert before["python"] == after["python"]
    assert all(torch.equal(state[name], value) for name, value in digits_run.model.state_dict().items())
    assert all(parameter.grad is None for parameter in digits_run.model.parameters())
    digits_run.model.eval()


def test_a_model_that_ends_in_a_softmax_is_attacked_through_its_logarithm_and_that_is_said(digits_run, tmp_path):
    soft = nn.Sequential(digits_run.model, nn.Softmax(dim=1)).eval()
    options = {"attack": "pgd", "eps": 0.1, "samples": 64, "quiet": True}
    found = burnish.attack(soft, data="digits", out=tmp_path, **options)
    assert [finding.code for finding in found.findings] == ["probabilities"]
    assert found.robust_accuracy == burnish.attack(digits_run, **options).robust_accuracy


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--eps", "8"], "eps 8 (linf) is larger than the whole space, 1: if it is in units of 0 to 255, write 8/255"),
        (["--eps", "-0.1"], "eps must be 0 or more, got -0.1"),
        (
            ["--curve", "0,4"],
            "eps 4 (linf) is larger than the whole space, 1: if it is in units of 0 to 255, write 4/255",
        ),
        (["--attack", "pgdd"], "unknown attack 'pgdd' (did you mean 'pgd'?)"),
        (["--attack", ","], "--attack names no attack: give some, as in --attack pgd,fgsm"),
        (["--attack", "fgsm", "--steps", "3"], "--steps means nothing for fgsm: leave it out"),
        (
            ["--suite", "quick", "--steps", "3"],
            "a suite has its own steps: name the attacks, as in --attack pgd --steps 3",
        ),
        (
            ["--suite", "quick", "--attack", "pgd"],
            "--suite and --attack each say what to attack with: give one of them",
        ),
        (["--samples", "0"], "samples must be at least 1, got 0"),
        (["--queries", "0"], "queries must be at least 1, got 0"),
        (["--confidence", "95"], "confidence must lie in (0, 1), got 95"),
        (["--split", "all"], "--split all is for other data, given with --data"),
        (["--transfer-to", "nowhere"], "there is no run 'nowhere': expected a folder such as runs/0001-fit"),
    ],
)
def test_what_cannot_be_is_one_line_and_exit_2(words, line, digits_run, capsys):
    assert cli.main(["attack", str(digits_run.path), *words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert line in err
    assert err.count("\n") == 1


def test_labels_that_are_all_wrong_are_said_instead_of_a_silent_nothing(digits_run):
    images, _ = digits_run.data.test.gather(torch.arange(64))
    wrong = (digits_run.model(images).argmax(1) + 1) % 10
    names = tuple("0123456789")
    data = burnish.data.load((images, [names[label] for label in wrong]), test=0.2)
    with pytest.raises(InputError, match="none of the 64 samples is classified as its label says"):
        burnish.attack(digits_run, data=data, split="all", quiet=True)


def test_other_kinds_of_data_are_refused_in_one_line(text_run):
    with pytest.raises(InputError, match=r"attack works on classifiers of images so far, and .* is text data"):
        burnish.attack(text_run, quiet=True)
