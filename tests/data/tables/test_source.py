"""Tests of burnish.data.tables.source."""

import torch

from burnish.data.source import Subset
from burnish.data.tables.source import TableSource


def test_rows_keep_their_number_in_the_file_wherever_they_go():
    source = TableSource(torch.arange(6.0).view(3, 2), torch.tensor([0, 1, 1]), torch.tensor([1, 4, 9]), "t.csv")
    assert source.describe(2) == "t.csv row 9"
    assert source.rows(torch.tensor([2, 0])).describe(0) == "t.csv row 9"
    assert source.to(torch.device("cpu")).describe(1) == "t.csv row 4"
    assert Subset(source, torch.tensor([1])).describe(0) == "t.csv row 4"
    assert source.rows(torch.tensor([2, 0])).gather(torch.tensor([0]))[0].tolist() == [[4.0, 5.0]]
    assert source.labels().tolist() == [0, 1, 1]
