"""Tests of burnish.pruning.graph.surgery."""

import copy
import io
import json

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.pruning.graph import groups, remove_, remove_all_, replay_, trace


def network():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 6, 3), nn.Flatten(), nn.Linear(96, 2)
    )


IMAGE = torch.rand(2, 3, 8, 8)


def test_the_right_rows_stay_with_their_numbers_in_every_tensor():
    model = network()
    before = copy.deepcopy(model)
    remove_(model, groups(model, IMAGE)[0], [1, 6])
    kept = [0, 2, 3, 4, 5, 7]
    assert torch.equal(model[0].weight, before[0].weight[kept])
    assert torch.equal(model[0].bias, before[0].bias[kept])
    assert torch.equal(model[1].running_var, before[1].running_var[kept])
    assert torch.equal(model[3].weight, before[3].weight[:, kept])
    assert (model[0].out_channels, model[1].num_features, model[3].in_channels) == (6, 6, 6)


def test_gradients_flags_types_formats_and_marks_survive():
    model = network().to(memory_format=torch.channels_last).bfloat16()
    model(IMAGE.bfloat16()).sum().backward()
    model[3].weight.requires_grad_(False)
    model[0].weight.mark = "mine"
    gradient = model[0].weight.grad.clone()
    remove_(model, groups(model, IMAGE.bfloat16())[0], [0])
    assert torch.equal(model[0].weight.grad, gradient[1:])
    assert model[0].weight.mark == "mine"
    assert not model[3].weight.requires_grad
    assert model[3].weight.dtype == torch.bfloat16
    assert model[3].weight.is_contiguous(memory_format=torch.channels_last)
    assert not model[3].weight.is_contiguous()


def test_a_pruned_model_trains_although_an_old_graph_is_alive():
    model = network()
    loss = model(IMAGE).sum()
    loss.backward()
    remove_(model, groups(model, IMAGE)[0], [0])
    model(IMAGE).sum().backward()
    assert model[0].weight.grad.shape == model[0].weight.shape


def test_tied_weights_stay_tied():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding, self.head = nn.Embedding(9, 6), nn.Linear(6, 9, bias=False)
            self.head.weight = self.embedding.weight

        def forward(self, tokens):
            return self.head(self.embedding(tokens).relu())

    model = Tied()
    found = groups(model, torch.tensor([[1, 2]]))
    remove_(model, found[0], [3])
    assert model.head.weight is model.embedding.weight
    assert model.head.weight.shape == (9, 5)
    assert (model.head.in_features, model.embedding.embedding_dim) == (5, 5)


def test_recurrent_layers_run_after_the_cut():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn, self.head = nn.LSTM(4, 6, 2, batch_first=True), nn.Linear(6, 2)

        def forward(self, x):
            return self.head(self.rnn(x)[0])

    model, x = Net(), torch.rand(2, 3, 4)
    remove_(model, groups(model, x)[0], [0, 5])
    model(x).sum().backward()
    assert model.rnn.hidden_size == 4
    assert model.rnn.weight_hh_l1.shape == (16, 4)


@pytest.mark.filterwarnings("ignore:.*nested tensors:UserWarning")
def test_a_narrow_encoder_reads_padded_sequences():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            layer = nn.TransformerEncoderLayer(8, 4, 12, 0.0, batch_first=True)
            self.embed, self.encoder, self.head = nn.Linear(4, 8), nn.TransformerEncoder(layer, 2), nn.Linear(8, 2)

        def forward(self, x, padding):
            return self.head(self.encoder(self.embed(x), src_key_padding_mask=padding))

    model, x = Net().eval(), torch.rand(2, 5, 4)
    padding = torch.tensor([[False] * 5, [False] * 3 + [True] * 2])
    found = {group.name: group for group in groups(model, (x, padding))}
    remove_(model, found["encoder.layers.1.self_attn"], [0])
    assert (model.encoder.layers[0].self_attn.num_heads, model.encoder.layers[1].self_attn.num_heads) == (4, 3)
    with torch.no_grad():
        assert model(x, padding).shape == (2, 5, 2)
        moved = x.clone()
        moved[1, 4] += 1
        assert torch.equal(model(moved, padding)[1, :3], model(x, padding)[1, :3])


def test_steps_are_plain_data_and_rebuild_the_shapes():
    model, fresh = network(), network()
    graph = trace(model, IMAGE)
    steps = json.loads(json.dumps(remove_all_(model, [(group, [0, 2]) for group in graph.groups()])))
    file = io.BytesIO()
    torch.save({"steps": steps, "state": model.state_dict()}, file)
    file.seek(0)
    saved = torch.load(file, weights_only=True)
    replay_(fresh, saved["steps"])
    fresh.load_state_dict(saved["state"])
    assert torch.equal(fresh.eval()(IMAGE), model.eval()(IMAGE))
    assert [str(module) for module in fresh] == [str(module) for module in model]


def test_a_pruned_model_is_traced_and_pruned_again():
    model = network()
    for _ in range(2):
        remove_(model, groups(model, IMAGE)[0], [0, 1])
    assert model[0].out_channels == 4
    assert model(IMAGE).shape == (2, 2)


def test_wrong_channels_are_named():
    model = network()
    group = groups(model, IMAGE)[0]
    with pytest.raises(InputError, match="0 has the channels 0 to 7, got 8"):
        remove_(model, group, [8])
    with pytest.raises(InputError, match="all 8 channels of 0 would go: at least one must stay"):
        remove_(model, group, range(8))
    with pytest.raises(InputError, match="there is nothing to remove from 0"):
        remove_(model, group, [])
    with pytest.raises(InputError, match="there is nothing to remove: give at least one group"):
        remove_all_(model, [])


def test_a_model_that_has_changed_since_is_refused_and_left_alone():
    model = network()
    group = groups(model, IMAGE)[0]
    remove_(model, group, [0, 1])
    before = {name: tensor.shape for name, tensor in model.state_dict().items()}
    with pytest.raises(InputError, match="the model has changed since it was traced, trace it again"):
        remove_(model, group, [7])
    assert {name: tensor.shape for name, tensor in model.state_dict().items()} == before


def test_steps_of_another_model_are_refused():
    model = network()
    steps = remove_(model, groups(model, IMAGE)[0], [0])
    with pytest.raises(InputError, match=r"the model has no tensor '0.weight': the steps belong to another model"):
        replay_(nn.ModuleDict({"a": nn.Linear(2, 2)}), steps)
    with pytest.raises(InputError, match=r"'0.weight' should have 8 positions in dimension 0, got \(5, 3, 3, 3\)"):
        replay_(nn.Sequential(nn.Conv2d(3, 5, 3)), steps)


def test_steps_with_an_unknown_class_are_refused():
    with pytest.raises(InputError, match="which is not known"):
        replay_(nn.Linear(2, 2), [{"module": "", "class": "os.system"}])
