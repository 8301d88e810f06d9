"""Tests of burnish.pruning.graph.following.source."""

import pytest
import torch

from burnish.pruning.graph.following.source import raised_at, source_line


def test_lines_are_those_of_the_caller():
    assert "test_source.py:" in source_line()
    with pytest.raises(RuntimeError) as caught:
        torch.zeros(2).view(3)
    assert "test_source.py:" in raised_at(caught.value)
