"""Tests of burnish.data.augment.pca."""

import pytest
import torch

from burnish.common.errors import InputError
from burnish.data.augment.pca import colour_components
from burnish.data.source import TensorSource


def images(count=150):
    generator = torch.Generator().manual_seed(0)
    mixing = torch.tensor([[0.3, 0.2, 0.1], [0.0, 0.1, -0.1], [0.02, 0.0, 0.05]])
    return torch.randn(count, 6, 5, 3, generator=generator).matmul(mixing).permute(0, 3, 1, 2) + 0.5


def test_the_components_are_eigenvectors_times_eigenvalues_of_the_covariance_of_pixels():
    data = images()
    rows = torch.tensor(colour_components(TensorSource(data)), dtype=torch.float64)
    pixels = data.permute(0, 2, 3, 1).reshape(-1, 3).double()
    covariance = torch.cov(pixels.T, correction=0)
    values = rows.norm(dim=1)
    assert values.tolist() == sorted(values.tolist(), reverse=True)
    directions = rows / values[:, None]
    assert torch.allclose(directions @ directions.T, torch.eye(3).double(), atol=1e-9)
    assert torch.allclose(directions.T @ values.diag() @ directions, covariance, atol=1e-9)


def test_the_largest_entry_of_a_vector_is_positive():
    for row in colour_components(TensorSource(images())):
        assert max(row, key=abs) > 0


def test_grey_images_have_one_component_their_variance():
    grey = torch.rand(20, 1, 4, 4)
    ((found,),) = colour_components(TensorSource(grey))
    assert found == pytest.approx(grey.double().var(correction=0).item())


def test_bytes_count_as_pixels_between_0_and_1():
    data = (torch.rand(30, 3, 4, 4) * 255).byte()
    found, expected = (torch.tensor(colour_components(TensorSource(x))) for x in (data, data.float() / 255))
    assert torch.allclose(found, expected)


def test_a_large_set_is_sampled_the_same_way_every_time():
    source = TensorSource(images(150))
    few = colour_components(source, limit=20)
    assert few == colour_components(source, limit=20)
    assert few != colour_components(source)


def test_one_colour_has_components_of_zero():
    assert not torch.tensor(colour_components(TensorSource(torch.full((5, 3, 2, 2), 0.3)))).any()


def test_no_samples_or_no_images_are_named():
    with pytest.raises(InputError, match="the training split is empty"):
        colour_components(TensorSource(torch.empty(0, 3, 2, 2)))
    with pytest.raises(InputError, match=r"need images \(C, H, W\), got \(4,\)"):
        colour_components(TensorSource(torch.rand(5, 4)))
