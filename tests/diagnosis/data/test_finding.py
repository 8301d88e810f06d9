"""Tests of burnish.diagnosis.data.finding."""

import json

from burnish.diagnosis.data.finding import EXAMPLES, Example, Finding, Place, spread


def finding(**changes):
    told = {"code": "x", "severity": "error", "title": "t", "count": 1, "share": 0.5, "meaning": "m", "advice": "a"}
    return Finding(**told | changes)


def test_an_example_names_its_samples_with_split_and_class():
    example = Example((Place("a.png", "train", "cat"), Place("b.png")), "alike")
    assert str(example) == "a.png (train, cat) = b.png: alike"


def test_a_finding_is_plain_data():
    told = finding(examples=(Example((Place("a.png", "train", "cat", 7),)),)).to_dict()
    assert json.loads(json.dumps(told)) == told
    assert told["examples"] == [{"samples": [{"name": "a.png", "split": "train", "class": "cat"}], "note": ""}]


def test_examples_are_taken_from_everywhere():
    taken = spread(range(1000))
    assert len(taken) == EXAMPLES
    assert taken[0] == 0
    assert taken[-1] > 900
    assert spread([1, 2]) == (1, 2)
