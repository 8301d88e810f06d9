import pytest
import torch
from tests.pruning.weights.networks import EXAMPLES, Tied, cnn, mlp
from torch import nn
from torch.nn.utils import parametrizations

from burnish.common.errors import InputError
from burnish.pruning.weights.prunable import prunable_weights


def names(model, ignore=()):
    return [weight.name for weight in prunable_weights(model, ignore)]


def test_biases_normalisation_embeddings_and_positions_stay_whole():
    assert names(cnn()) == ["0.weight", "3.weight", "6.weight"]
    assert names(nn.Sequential(nn.LayerNorm((4, 4)), nn.Linear(4, 1))) == ["1.weight"]
    assert names(EXAMPLES["attention"][0]()) == [
        "attention.in_proj_weight",
        "attention.out_proj.weight",
        "head.weight",
    ]
    tables = nn.Module()
    for name in ("pos_embedding", "class_token", "relative_position_bias_table", "positions"):
        tables.register_parameter(name, nn.Parameter(torch.ones(1, 4, 4)))
    tables.head = nn.Linear(4, 4)
    assert names(tables) == ["head.weight"]


def test_every_weight_of_a_recurrent_layer_is_one():
    assert [name for name in names(EXAMPLES["lstm"][0]()) if name.startswith("rnn")] == [
        f"rnn.weight_{kind}_l{layer}" for layer in (0, 1) for kind in ("ih", "hh")
    ]


def test_a_tensor_of_a_users_own_layer_is_a_weight_and_a_scale_is_none():
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.W = nn.Parameter(torch.ones(3, 4))
            self.scale = nn.Parameter(torch.ones(3, 1, 1))
            self.bias_table = nn.Parameter(torch.ones(3, 4))
            self.steps = nn.Parameter(torch.ones(2, 2, dtype=torch.int64), requires_grad=False)

    assert names(Own()) == ["W"]


def test_shared_weights_come_once_with_all_their_owners():
    model = Tied()
    weights = {weight.name: weight for weight in prunable_weights(model)}
    assert sorted(weights) == ["decoder.weight", "hidden.weight"]
    assert weights["decoder.weight"].owners == ((model.embedding, "weight"), (model.decoder, "weight"))


def test_names_to_ignore_take_all_that_lies_below():
    model = nn.Sequential(mlp(), nn.Linear(3, 3))
    assert names(model) == ["0.0.weight", "0.3.weight", "1.weight"]
    assert names(model, ["0"]) == ["1.weight"]
    assert names(model, "0.3") == ["0.0.weight", "1.weight"]
    assert names(model, ["1.weight"]) == ["0.0.weight", "0.3.weight"]
    assert names(Tied(), ["embedding"]) == ["hidden.weight"]  # it is the decoder's weight as well


def test_an_unknown_name_to_ignore_gets_a_hint():
    model = nn.ModuleDict({"classifier": nn.Linear(2, 2)})
    with pytest.raises(
        InputError, match=r"'clasifier', which ModuleDict does not have \(did you mean 'classifier'\?\)"
    ):
        prunable_weights(model, ["clasifier"])


def test_outputs_of_a_transposed_convolution_lie_behind_its_groups():
    layer = nn.ConvTranspose2d(4, 6, 3, groups=2)
    (weight,) = prunable_weights(layer)
    assert (weight.input_dim, weight.groups) == (0, 2)
    rows = weight.by_output(layer.weight)
    for output in range(6):
        group, within = divmod(output, 3)
        assert torch.equal(rows[output], layer.weight[2 * group : 2 * group + 2, within].flatten())


@pytest.mark.parametrize(
    ("model", "line"),
    [
        (nn.Sequential(nn.BatchNorm1d(3), nn.ReLU()), "Sequential has no weights to remove: they are tensors of two"),
        (nn.Linear(2, 2, device="meta"), "'weight' is on the meta device and has no values"),
        (nn.LazyLinear(2), "'weight' has no shape yet: run one forward before pruning"),
        (parametrizations.weight_norm(nn.Linear(2, 2)), "parametrised by WeightNorm"),
    ],
)
@pytest.mark.filterwarnings("ignore:Lazy modules")
def test_a_model_that_cannot_be_pruned_is_refused_with_the_reason(model, line):
    with pytest.raises(InputError, match=line):
        prunable_weights(model)


def test_weights_that_are_not_numbers_are_refused():
    layer = nn.Linear(2, 2)
    layer.weight.data[0, 0] = torch.nan
    with pytest.raises(InputError, match="'weight' holds NaN or infinity"):
        prunable_weights(layer)


def test_ignoring_everything_is_an_error():
    with pytest.raises(InputError, match=r"no weights to remove apart from what ignore=\('0', '3'\) keeps"):
        prunable_weights(mlp(), ["0", "3"])
