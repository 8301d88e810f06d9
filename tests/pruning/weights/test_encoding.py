import pytest
import torch

from burnish.common.errors import InputError
from burnish.pruning.weights.encoding import decode, encode

TYPES = [torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int8, torch.complex64]


def sparse(density, shape=(40, 50), dtype=torch.float32):
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(shape, generator=generator) * 100
    return values.masked_fill(torch.rand(shape, generator=generator) >= density, 0).to(dtype)


def bits(tensor):
    return tensor.contiguous().view(torch.uint8)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("density", [0.0, 0.003, 0.1, 0.3, 0.6])
def test_what_comes_back_is_the_same_to_the_bit(dtype, density):
    tensor = sparse(density, dtype=dtype)
    found = encode(tensor)
    if found is None:
        assert density >= 0.3
        return
    values, kind, places = found
    assert values.nbytes + places.nbytes < tensor.nbytes
    back = decode(values, kind, places, tuple(tensor.shape))
    assert back.dtype == dtype
    assert torch.equal(bits(back), bits(tensor))


def test_signs_of_zero_and_numbers_that_are_none_are_kept():
    tensor = torch.zeros(4, 100)
    tensor[1, 3], tensor[2, 5], tensor[3, 99] = -0.0, torch.nan, -torch.inf
    values, kind, places = encode(tensor)
    assert values.numel() == 3
    assert torch.equal(bits(decode(values, kind, places, (4, 100))), bits(tensor))


@pytest.mark.parametrize("gap", [0, 1, 253, 254, 255, 256, 509, 510, 511, 2000])
def test_gaps_of_every_length_are_bridged(gap):
    tensor = torch.zeros(5000)
    tensor[7], tensor[7 + gap + 1], tensor[4999] = 1.0, 2.0, 3.0
    values, kind, places = encode(tensor)
    assert kind == "gaps"
    assert torch.equal(decode(values, kind, places, (5000,)), tensor)


def test_the_smaller_form_of_places_is_taken():
    assert encode(sparse(0.5))[1] == "bitmask"
    assert encode(sparse(0.05))[1] == "gaps"
    assert encode(sparse(0.5))[2].numel() == 250
    assert encode(sparse(0.05))[2].numel() == int(sparse(0.05).count_nonzero())  # hardly a gap is longer than 254


def test_a_dense_tensor_stays_dense():
    assert encode(torch.randn(10, 10)) is None
    assert encode(torch.ones(3, dtype=torch.bool)) is None
    assert encode(torch.empty(0)) is None
    assert encode(torch.zeros(4, dtype=torch.complex128)) is None


def test_nine_weights_of_ten_cost_an_eighth():
    tensor = sparse(0.1, (300, 784))
    values, _, places = encode(tensor)
    assert (values.nbytes + places.nbytes) / tensor.nbytes == pytest.approx(0.125, abs=0.003)


@pytest.mark.parametrize("kind", ["bitmask", "gaps", "huffman"])
def test_parts_that_do_not_fit_are_refused(kind):
    values, found, places = encode(sparse(0.5 if kind == "bitmask" else 0.05))
    wrong = kind if kind == "huffman" else found
    for parts in ((values[:-1], places, (40, 50)), (values, places, (2, 5)), (values, places[:-1], (40, 50))):
        with pytest.raises(InputError, match=rf"bytes of {wrong} give no tensor of"):
            decode(parts[0], wrong, parts[1], parts[2])
