"""Tests of burnish.models.for_data."""

import pytest
import torch

from burnish.common.errors import InputError
from burnish.data.schema import Column, Schema
from burnish.data.statistics import Statistics
from burnish.models import Preparation, WithInput, create, default_model, entry, for_data, names
from burnish.models.weights.weights import Weights

IMAGES = Schema("image", "classification", (1, 28, 28), classes=("a", "b", "c"))
POINTS = Schema("points", "generation", (2,))
TEXT = Schema("text", "language-modelling", (16,), vocabulary=tuple("abcde"))
COLUMNS = (
    Column("age", "numeric", missing=True),
    Column("city", "categorical", ("x", "y")),
    Column("since", "date"),
)
TABLE = Schema("table", "classification", (3,), classes=("no", "yes"), columns=COLUMNS)
NUMBER = Schema("table", "regression", (3,), columns=COLUMNS)
ROWS = torch.tensor([[40.0, 1.0, 19_000.0], [float("nan"), -1.0, 18_000.0]])


def test_an_image_model_has_the_statistics_in_front():
    plain = create("resnet20", 3, 1, 28)
    model = for_data("resnet20", IMAGES, Statistics(torch.tensor([0.25]), torch.tensor([0.5])))
    model.model.load_state_dict(plain.state_dict())
    images = torch.rand(2, 1, 28, 28)
    torch.testing.assert_close(model.eval()(images), plain.eval()((images - 0.25) / 0.5))


def test_a_table_model_takes_raw_rows_with_gaps():
    statistics = Statistics(torch.tensor([40.0, 0.5, 18_500.0]), torch.tensor([10.0, 0.5, 500.0]))
    model = for_data("mlp", TABLE, statistics, hidden=(4,))
    assert model.model.hidden[0].linear.in_features == 1 + 1 + 1 + 3  # numbers, one flag, two categories and unknown
    features = model.input(ROWS)
    assert features[:, :2].tolist() == [[0.0, 1.0], [0.0, -1.0]]
    assert model(ROWS).shape == (2, 2)
    assert model(ROWS).isfinite().all()


def test_a_text_model_has_the_width_of_the_vocabulary():
    assert for_data("char-gru", TEXT, hidden=8)(torch.zeros(2, 16, dtype=torch.int64)).shape == (2, 16, 5)


def test_a_number_is_predicted_in_its_own_units():
    targets = Statistics(torch.tensor([150.0]), torch.tensor([20.0]))
    model = for_data("logistic-regression", NUMBER, None, targets)  # starts at zero weights
    assert model(ROWS.nan_to_num(0.0)).tolist() == [[150.0], [150.0]]


def test_a_generative_model_samples_at_the_scale_of_the_data():
    statistics = Statistics(torch.tensor([100.0, -100.0]), torch.tensor([1e-3, 1e-3]))
    model = for_data("gan", POINTS, statistics)
    assert (model.sample(8) - statistics.mean).abs().max() < 0.1
    assert model(statistics.mean.repeat(3, 1)).abs().max() < 1


SCHEMAS = (IMAGES, POINTS, TEXT, TABLE, NUMBER)
FAMILIES = [name for name in names() if ".vision." not in entry(name).builder.__module__] + ["resnet20", "lenet5"]
PAIRS = [(name, schema) for schema in SCHEMAS for name in FAMILIES if schema.kind in entry(name).kinds]


@pytest.mark.parametrize(("name", "schema"), PAIRS)
def test_weights_load_into_what_the_schema_alone_builds(name, schema):
    width = schema.input_shape[0] if schema.kind != "image" else 1
    statistics = None if schema.kind == "text" else Statistics(torch.ones(width), torch.full((width,), 2.0))
    targets = Statistics(torch.ones(1), torch.full((1,), 2.0))
    trained = for_data(name, schema, statistics, targets)
    rebuilt = for_data(name, schema)
    rebuilt.load_state_dict(trained.state_dict())
    for key, tensor in trained.state_dict().items():
        assert torch.equal(rebuilt.state_dict()[key], tensor), key


def test_weights_that_say_how_images_were_prepared_bring_their_statistics(tmp_path):
    prepared = Preparation(mean=(0.5, 0.25, 0.0), std=(0.5, 0.25, 0.75))
    source = create("resnet20", 7)
    weights = Weights(source.state_dict())
    weights.preparation = prepared
    statistics = Statistics(torch.tensor([0.1]), torch.tensor([0.2]))
    model = for_data("resnet20", IMAGES, statistics, weights=weights)
    assert model.input.mean.tolist() == [0.25]
    assert model.input.std.tolist() == [0.5]
    assert torch.equal(model.model.layer1[0].conv1.weight, source.layer1[0].conv1.weight)
    assert model.model.num_classes == 3


def test_weights_that_do_not_say_it_leave_the_training_statistics():
    statistics = Statistics(torch.tensor([0.125]), torch.tensor([0.25]))
    model = for_data("resnet20", IMAGES, statistics, weights=create("resnet20", 7).state_dict())
    assert model.input.mean.tolist() == [0.125]
    assert model.model.weights_report.share < 1


def test_a_constant_channel_is_left_alone():
    model = for_data("mlp", IMAGES, Statistics(torch.tensor([0.5]), torch.tensor([0.0])))
    assert isinstance(model, WithInput)
    assert model.input.std.tolist() == [1.0]


def test_a_model_for_other_data_is_refused_with_those_that_fit():
    with pytest.raises(
        InputError, match="resnet20 takes image data, not text: models for text data are char-gru, char-l"
    ):
        for_data("resnet20", TEXT)


@pytest.mark.parametrize("schema", SCHEMAS)
def test_the_default_model_fits_the_data(schema):
    assert for_data(default_model(schema), schema) is not None
