"""Tests of burnish.attacks.suites.finding."""

from burnish.attacks.suites.finding import Finding


def test_plain_data_hold_every_word():
    finding = Finding("zero-gradients", "error", "no slope", "it stands still", "look elsewhere")
    assert finding.to_dict() == {
        "code": "zero-gradients",
        "severity": "error",
        "title": "no slope",
        "meaning": "it stands still",
        "advice": "look elsewhere",
    }
