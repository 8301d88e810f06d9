"""Tests of burnish.verbs.predict: from the call to the answer, for every kind of run."""

import csv
import json
import random

import numpy as np
import pytest
import torch

import burnish
from burnish import cli
from burnish.common.errors import InputError
from burnish.common.seeding import rng_state
from burnish.verbs.predict import Predict, command


def rows_of(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def digits(run, count=6):
    return run.data.test.gather(torch.arange(count))


def test_predictions_are_those_of_the_model(digits_run):
    images, _ = digits(digits_run)
    found = burnish.predict(digits_run, images)
    chances = digits_run.model(images).softmax(dim=1)
    assert torch.equal(found.probabilities, chances)
    assert list(found.labels) == [str(label) for label in chances.argmax(dim=1).tolist()]
    assert [row["row"] for row in found.rows] == [1, 2, 3, 4, 5, 6]
    assert found.rows[0]["confidence"] == chances[0].max().item()
    assert found.rows[0]["probability_3"] == chances[0, 3].item()


def test_a_run_from_its_folder_says_the_same_as_the_one_in_memory(digits_run):
    images, _ = digits(digits_run)
    there, here = burnish.predict(str(digits_run.path), images), burnish.predict(digits_run, images)
    assert torch.equal(there.probabilities, here.probabilities)


def test_the_batch_size_changes_nothing(digits_run):
    images, _ = digits(digits_run, 7)
    whole, parts = (burnish.predict(digits_run, images, batch_size=size) for size in (256, 3))
    assert whole.labels == parts.labels
    torch.testing.assert_close(whole.probabilities, parts.probabilities)


def test_bytes_and_floats_say_the_same(digits_run):
    images, _ = digits(digits_run)
    as_bytes = (images * 255).round().to(torch.uint8)
    found = burnish.predict(digits_run, as_bytes)
    assert torch.equal(found.probabilities, burnish.predict(digits_run, as_bytes.float() / 255).probabilities)


def test_training_files_are_prepared_as_in_training(photos_run):
    train = photos_run.data.train
    files = [train.describe(number) for number in range(len(train))]
    inputs, _ = train.gather(torch.arange(len(train)))
    assert torch.equal(
        burnish.predict(photos_run, files).probabilities, burnish.predict(photos_run, inputs).probabilities
    )


def test_a_csv_has_a_row_a_file(photos, photos_run, tmp_path, capsys):
    to = tmp_path / "predictions.csv"
    assert cli.main(["predict", str(photos_run.path), str(photos), "--to", str(to)]) == 0
    rows = rows_of(to)
    assert len(rows) == 30
    assert list(rows[0]) == [
        "file",
        "prediction",
        "confidence",
        *(f"probability_{c}" for c in ("blue", "green", "red")),
    ]
    assert sum(row["prediction"] == row["file"].split("/")[-2] for row in rows) >= 28
    assert sum(float(rows[0][f"probability_{c}"]) for c in ("blue", "green", "red")) == pytest.approx(1, abs=1e-4)
    assert capsys.readouterr().out.startswith(f"30 predictions written to {to}: ")


def test_without_a_file_the_first_rows_are_printed(photos, photos_run, capsys):
    assert cli.main(["predict", str(photos_run.path), str(photos / "*" / "*.png")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["file", "prediction", "confidence"]
    assert lines[-1] == "... and 10 more; --to FILE.csv writes all"
    assert len(lines) == 2 + 20 + 1


def test_json_holds_every_row(photos, photos_run, capsys):
    assert cli.main(["predict", str(photos_run.path), str(photos), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["count"] == len(answer["rows"]) == 30
    assert answer["rows"][0]["prediction"] == "blue"


@pytest.fixture
def broken(tmp_path, photos):
    (tmp_path / "good.png").write_bytes((photos / "red" / "1.png").read_bytes())
    (tmp_path / "bad.png").write_bytes(b"no picture")
    return tmp_path


def test_a_file_that_cannot_be_read_stops_and_is_named(broken, photos_run):
    with pytest.raises(InputError, match=r"cannot read image .*bad\.png: it is not an image; --skip-unreadable leaves"):
        burnish.predict(photos_run, broken)


def test_files_that_cannot_be_read_are_left_out_and_counted(broken, photos_run):
    outcome = command(Predict(run=photos_run.path, inputs=(str(broken),), skip_unreadable=True))
    assert outcome.text.splitlines()[-1] == f"left out 1 unreadable file: {broken / 'bad.png'}"
    assert outcome.data["count"] == 1
    assert list(outcome.data["skipped"]) == [str(broken / "bad.png")]


def test_nothing_is_written_when_something_is_wrong(broken, photos_run, tmp_path):
    to = tmp_path / "out.csv"
    with pytest.raises(InputError, match="cannot read image"):
        burnish.predict(photos_run, broken, to=to)
    assert not list(tmp_path.glob("*.csv"))


def test_an_existing_file_is_kept_unless_overwritten(digits_run, tmp_path):
    to = tmp_path / "predictions.csv"
    to.write_text("mine")
    images, _ = digits(digits_run)
    with pytest.raises(
        InputError, match=r"predictions\.csv exists: choose another name, or replace it with --overwrite"
    ):
        burnish.predict(digits_run, images, to=to)
    assert to.read_text() == "mine"
    burnish.predict(digits_run, images, to=to, overwrite=True)
    assert len(rows_of(to)) == 6


def test_table_rows_from_a_file_a_frame_a_dict_and_dicts_say_the_same(customers, table_run, tmp_path):
    import polars as pl

    frame = pl.read_csv(customers).drop("churned")
    by_file = burnish.predict(table_run, customers, to=tmp_path / "p.csv")
    assert len(by_file) == 200
    assert by_file.rows[1]["row"] == 2
    for x in (frame, frame.to_dict(as_series=False), frame.to_dicts()):
        assert torch.equal(burnish.predict(table_run, x).probabilities, by_file.probabilities)
    truth = pl.read_csv(customers)["churned"].to_list()
    assert sum(found == true for found, true in zip(by_file.labels, truth, strict=True)) > 170
    assert len(rows_of(tmp_path / "p.csv")) == 200


def test_categories_not_seen_in_training_are_told(table_run, tmp_path, capsys):
    new = tmp_path / "new.csv"
    new.write_text("age,plan,city\n30,gold,A\n50,pro,Z\n60,pro,Z\n")
    assert cli.main(["predict", str(table_run.path), str(new)]) == 0
    err = capsys.readouterr().err
    assert "note: column 'plan': 1 of 3 values were not seen in training" in err
    assert "note: column 'city': 2 of 3 values were not seen in training" in err


def test_a_regression_predicts_numbers(tmp_path):
    x = torch.randn(80, 3, generator=torch.Generator().manual_seed(0))
    run = burnish.fit((x, x.sum(dim=1)), "mlp", epochs=1, out=tmp_path, quiet=True)
    found = burnish.predict(run, x[:4])
    assert torch.equal(found.values, run.model(x[:4]).squeeze(1))
    assert found.labels == ()
    assert found.probabilities is None
    assert found.rows == [{"row": n, "prediction": value} for n, value in enumerate(found.values.tolist(), 1)]


def test_a_perceptron_claims_no_probability(tmp_path):
    run = burnish.fit("iris", "perceptron", epochs=2, out=tmp_path, quiet=True)
    found = burnish.predict(run, run.data.test.gather(torch.arange(3))[0])
    assert found.probabilities is None
    assert list(found.rows[0]) == ["row", "prediction"]


def test_prompts_are_gone_on_from(text_run, capsys):
    assert cli.main(["predict", str(text_run.path), "the ", "--prompt", "cat", "--length", "30", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["prompt"] for row in rows] == ["the ", "cat"]
    assert [len(row["text"]) for row in rows] == [30, 30]
    assert burnish.predict(text_run, ["the ", "cat"], length=30).labels == tuple(row["text"] for row in rows)


def test_a_text_is_printed_whole(text_run, capsys):
    assert cli.main(["predict", str(text_run.path), "the ", "--length", "40", "--temperature", "0"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("the ")
    assert len(out) == 4 + 40 + 1


def test_points_are_made_by_count_and_seed(points_run, tmp_path):
    to = tmp_path / "points.csv"
    found = burnish.predict(points_run, count=5, seed=1, to=to)
    assert found.values.shape == (5, 2)
    assert torch.equal(found.values, burnish.predict(points_run, count=5, seed=1).values)
    assert not torch.equal(found.values, burnish.predict(points_run, count=5, seed=2).values)
    written = torch.tensor([[float(row["x1"]), float(row["x2"])] for row in rows_of(to)])
    torch.testing.assert_close(written, found.values, rtol=1e-5, atol=1e-5)


def test_made_pictures_are_written_into_a_folder(tmp_path, capsys):
    from PIL import Image

    run = burnish.fit("digits", "gan", max_steps=1, out=tmp_path / "runs", quiet=True)
    assert cli.main(["predict", str(run.path), "--count", "3"]) == 0
    assert capsys.readouterr().out == "3 samples of 1x8x8; --to FOLDER writes them as PNG files\n"
    folder = tmp_path / "made"
    found = burnish.predict(run, count=3, to=folder)
    assert sorted(path.name for path in folder.iterdir()) == [f"sample-000{n}.png" for n in (1, 2, 3)]
    pixels = np.asarray(Image.open(folder / "sample-0002.png"))
    assert np.abs(pixels / 255 - found.values[1, 0].numpy()).max() <= 0.5 / 255 + 1e-6
    with pytest.raises(InputError, match=r"made is not empty: choose another, or write into it with --overwrite"):
        burnish.predict(run, to=folder)
    with pytest.raises(InputError, match=r"made pictures are written as PNG files into a folder, got '.*all\.png'"):
        burnish.predict(run, to=tmp_path / "all.png")


def test_everything_is_left_as_it_was(digits_run, text_run, points_run):
    for run, x in ((digits_run, digits(digits_run)[0]), (text_run, "the "), (points_run, None)):
        run.model.train()
        next(iter(run.model.children())).eval()
        modes = [module.training for module in run.model.modules()]
        before = rng_state()
        burnish.predict(run, x)
        burnish.predict(str(run.path), x)
        after = rng_state()
        assert [module.training for module in run.model.modules()] == modes
        assert torch.equal(before["torch"], after["torch"])
        assert before["python"] == after["python"]
        assert torch.equal(before["numpy"][1], after["numpy"][1])
        assert before["numpy"][2] == after["numpy"][2]
        assert all(parameter.grad is None and parameter.requires_grad for parameter in run.model.parameters())
        run.model.eval()


class OwnModel(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.head = torch.nn.Linear(64, 10)

    def forward(self, x):
        return self.head(x.flatten(1))


def test_a_run_of_ones_own_module_takes_it_back(tmp_path, digits_run):
    trained = OwnModel()
    run = burnish.fit("digits", trained, max_steps=20, out=tmp_path, quiet=True)
    images, _ = digits(digits_run)
    fresh = OwnModel().train()
    found = burnish.predict(run.path, images, model=fresh)
    assert torch.equal(found.probabilities, trained(images).softmax(dim=1))
    assert fresh.training
    again = OwnModel()
    burnish.predict(run, images, model=again)
    assert torch.equal(again.head.weight, trained.head.weight)
    with pytest.raises(InputError, match=r"your own module .*OwnModel: pass it as load_run\(path, model="):
        burnish.predict(run.path, images)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ([], "no inputs: give image files, folders or patterns after the run, as in 'burnish predict RUN new/*'"),
        (["nowhere.png"], "there is no file 'nowhere.png': expected image files, a folder of them, or a pattern"),
        (["nowhere/*.png"], "no file matches 'nowhere/*.png'"),
        (["x.png", "--length", "5"], "--length means nothing for image run"),
        (["x.png", "--overwrite"], "--overwrite means nothing without --to: name the file to write"),
        (["x.png", "--to", "x.parquet"], "predictions are written as CSV, got 'x.parquet': name it x.csv"),
        (["x.png", "--to", "no/such/x.csv"], "there is no folder 'no/such' to write x.csv in: make it first"),
        (["x.png", "--batch-size", "0"], "batch_size must be at least 1, got 0"),
        (["x.png", "--device", "cuda:99"], "device 'cuda:99' was asked for"),
    ],
)
def test_what_cannot_be_is_one_line_and_exit_2(words, line, digits_run, capsys):
    assert cli.main(["predict", str(digits_run.path), *words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert line in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("x", "line"),
    [
        (
            torch.zeros(2, 1, 9, 8),
            r"the images have shape \(2, 1, 9, 8\): the run takes \(1, 8, 8\), \(batch, 1, 8, 8\)",
        ),
        (torch.full((1, 8, 8), 16.0), r"the images have values from 16 to 16: pixels must lie in \[0, 1\]"),
        (
            torch.zeros(1, 8, 8, dtype=torch.int64),
            r"the images are of torch.int64: expected uint8, or floats in \[0, 1\]",
        ),
        (torch.zeros(0, 1, 8, 8), r"there are no images in an array of shape \(0, 1, 8, 8\)"),
    ],
)
def test_images_that_do_not_fit_are_named(x, line, digits_run):
    with pytest.raises(InputError, match=line):
        burnish.predict(digits_run, x)


def test_a_missing_column_is_named(table_run):
    with pytest.raises(InputError, match=r"the table has no column 'plan'.*: the model needs age, plan, city"):
        burnish.predict(table_run, {"age": [3], "city": ["A"]})


def test_rows_of_another_width_are_named(table_run):
    with pytest.raises(
        InputError, match=r"the rows have shape \(2, 5\): expected \(rows, 3\), a number for each of age,"
    ):
        burnish.predict(table_run, torch.zeros(2, 5))


def test_an_input_is_never_overwritten(customers, table_run):
    before = customers.read_bytes()
    with pytest.raises(InputError, match=r"customers\.csv is an input: write the predictions to another file"):
        burnish.predict(table_run, customers, to=customers, overwrite=True)
    assert customers.read_bytes() == before


def test_generators_take_no_inputs_and_texts_only_prompts(points_run, text_run):
    with pytest.raises(InputError, match="makes samples and takes none: leave the inputs out, see --count"):
        burnish.predict(points_run, torch.zeros(2, 2))
    with pytest.raises(InputError, match="a text run goes on from prompts: expected texts, got Tensor"):
        burnish.predict(text_run, torch.zeros(2, 2))


def test_a_folder_that_is_no_run_and_a_run_without_weights_are_told(tmp_path, digits_run):
    with pytest.raises(InputError, match=r"is not a run: it has no config.toml"):
        burnish.predict(tmp_path, torch.zeros(1, 8, 8))
    for name in ("config.toml", "schema.json"):
        (tmp_path / name).write_bytes((digits_run.path / name).read_bytes())
    with pytest.raises(InputError, match=r"there are no weights at .*: the run did not finish; burnish fit --resume"):
        burnish.predict(tmp_path, torch.zeros(1, 8, 8))


def test_the_python_generator_is_not_touched(text_run):
    random.seed(3)
    expected = random.Random(3).random()
    burnish.predict(text_run, "the ")
    assert random.random() == expected
