"""Tests of burnish.reporting.lineage."""

import shutil

from burnish.reporting.lineage import lineage
from burnish.reporting.record import read_record


def names(record):
    return [(step.name, step.record is not None) for step in lineage(record)]


def test_the_chain_runs_from_the_first_run_to_this_one(fake_run):
    fake_run(name="0001-fit")
    fake_run(name="0002-fit", parent="../0001-fit")
    last = fake_run(name="0003-fit", parent="../0002-fit")
    assert names(read_record(last)) == [("0001-fit", True), ("0002-fit", True), ("0003-fit", True)]


def test_a_parent_that_is_gone_ends_the_chain_by_name(fake_run):
    gone = fake_run(name="0001-fit")
    last = fake_run(name="0002-fit", parent="../0001-fit")
    shutil.rmtree(gone)
    assert names(read_record(last)) == [("0001-fit", False), ("0002-fit", True)]


def test_a_circle_of_parents_ends(fake_run):
    fake_run(name="0001-fit", parent="../0002-fit")
    last = fake_run(name="0002-fit", parent="../0001-fit")
    assert names(read_record(last)) == [("0001-fit", True), ("0002-fit", True)]


def test_a_first_run_stands_alone(fake_run):
    assert names(read_record(fake_run())) == [("0001-fit", True)]
