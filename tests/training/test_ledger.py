"""Tests of burnish.training.ledger."""

import torch

from burnish.training.distributed import World
from burnish.training.ledger import Ledger


def test_numbers_are_kept_until_they_are_cleared():
    ledger = Ledger(World())
    ledger.losses += [torch.tensor(2.0), torch.tensor(4.0)]
    ledger.note(norm=torch.tensor(1.0))
    ledger.note(norm=torch.tensor(3.0), rate=torch.tensor(0.5))
    assert ledger.settle() == {"loss": [2.0, 4.0], "norm": [1.0, 3.0], "rate": [0.5]}
    ledger.clear()
    assert ledger.settle() == {}


def test_a_restored_ledger_settles_to_the_same_numbers():
    ledger, again = Ledger(World()), Ledger(World())
    ledger.losses.append(torch.tensor(0.1))
    ledger.note(norm=torch.tensor(0.3))
    again.load_state_dict(ledger.settle(), torch.device("cpu"))
    assert again.settle() == ledger.settle()


def test_a_note_holds_no_graph():
    ledger = Ledger(World())
    ledger.note(loss_part=torch.ones((), requires_grad=True) * 2)
    assert not ledger.notes["loss_part"][0].requires_grad
