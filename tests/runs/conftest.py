"""A run to open."""

import pytest

import burnish


@pytest.fixture(scope="session")
def digits_run(tmp_path_factory):
    """A small network on bundled pictures."""
    return burnish.fit("digits", "mlp", epochs=1, quiet=True, out=tmp_path_factory.mktemp("runs"))
