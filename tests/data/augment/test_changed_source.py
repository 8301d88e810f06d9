"""Tests of burnish.data.augment.changed_source."""

import torch

from burnish.data import load
from burnish.data.augment.changed_source import ChangedSource
from burnish.data.augment.rows import parse_rows
from burnish.data.augment.symbols import parse_symbols
from burnish.data.loaders.loader import make_loader
from burnish.data.schema import Schema
from burnish.data.text import TextSource

WINE = load("wine")
EVERY = torch.arange(len(WINE.train))


def wine(spec, seed=0):
    augmentation = parse_rows(spec).prepared(WINE.schema, WINE.train)
    return ChangedSource(WINE.train, augmentation, seed, classes=3)


def test_inputs_change_and_targets_stay():
    rows, labels = wine("row-noise").gather(EVERY)
    before, truth = WINE.train.gather(EVERY)
    assert not torch.equal(rows, before)
    assert torch.equal(labels, truth)


def test_a_sample_depends_on_seed_epoch_and_number_alone():
    source = wine("row-noise,row-swap,mixup")
    whole = source.for_epoch(3).gather(EVERY)
    part = source.for_epoch(3).gather(EVERY[10:20].flip(0))
    assert torch.equal(part[0].flip(0), whole[0][10:20])
    assert torch.equal(part[1].flip(0), whole[1][10:20])
    assert not torch.equal(source.for_epoch(4).gather(EVERY)[0], whole[0])
    assert not torch.equal(wine("row-noise,row-swap,mixup", seed=1).for_epoch(3).gather(EVERY)[0], whole[0])


def test_mixed_rows_lie_between_two_of_the_split_and_their_targets_say_where():
    source = wine([{"name": "mixup", "alpha": 1.0}])
    rows, targets = source.gather(EVERY)
    held, labels = WINE.train.gather(EVERY)
    assert torch.allclose(targets.sum(dim=1), torch.ones(len(EVERY)))
    for row, target, own, label in zip(rows[:20], targets[:20], held, labels, strict=False):
        if target[label] == 1:
            continue  # met one of its own class
        other = held[labels == int((target * (torch.arange(3) != label)).argmax())]
        expected = target[label] * own + (1 - target[label]) * other
        assert (expected - row).abs().amax(dim=1).min() < 1e-2


def test_a_text_reads_other_symbols_and_is_asked_for_the_true_ones():
    schema = Schema("text", "language-modelling", (8,), vocabulary=("a", "b", "_"))
    text = TextSource(torch.tensor([0, 1] * 40), 8)
    augmentation = parse_symbols([{"name": "token-dropout", "share": 0.5, "replacement": "_"}])
    source = ChangedSource(text, augmentation.prepared(schema, text), 0)
    codes, targets = source.gather(torch.arange(len(text)))
    before, truth = text.gather(torch.arange(len(text)))
    assert torch.equal(targets, truth)
    assert set(codes[codes != before].tolist()) == {2}
    assert bool((codes == before).any())


def test_a_loader_sees_every_sample_once_and_new_draws_in_every_epoch():
    loader = make_loader(wine("row-swap"), 16, shuffle=True, seed=0)
    epochs = [list(loader.batches(epoch)) for epoch in range(2)]
    for batches in epochs:
        assert torch.equal(torch.cat([batch.index for batch in batches]).sort().values, EVERY)
    first, second = (
        torch.cat([batch.inputs for batch in batches])[torch.cat([batch.index for batch in batches]).argsort()]
        for batches in epochs
    )
    assert not torch.equal(first, second)


def test_it_is_still_the_source_it_was_made_of():
    source = wine("row-noise").to(torch.device("cpu"))
    assert len(source) == len(WINE.train)
    assert torch.equal(source.labels(), WINE.train.labels())
    assert source.describe(3) == WINE.train.describe(3)
    assert source.in_memory
    assert torch.equal(source.gather(EVERY)[0], wine("row-noise").gather(EVERY)[0])
