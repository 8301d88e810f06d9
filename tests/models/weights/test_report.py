"""Tests of burnish.models.weights.report."""

from burnish.models.weights.report import Difference, LoadReport


def test_a_whole_fit_is_said_in_a_few_words():
    assert str(LoadReport("net.pth", ("a", "b"))) == "2 tensors, 100.0 % of the model, come from net.pth"


def test_all_that_a_user_should_know_is_in_one_paragraph():
    report = LoadReport(
        "timm:net.a1",
        ("conv.weight",),
        missing=("aux.weight",),
        unexpected=tuple("abcdef"),
        mismatched=(Difference("fc.bias", (1000,), (5,)),),
        adapted=(Difference("conv.weight", (8, 3, 3, 3), (8, 1, 3, 3)),),
        share=0.5,
        licence="apache-2.0",
    )
    assert str(report) == (
        "1 tensor, 50.0 % of the model, come from timm:net.a1; adapted: conv.weight 8x3x3x3 to 8x1x3x3; left fresh "
        "for want of the right shape: fc.bias 1000 to 5; left fresh, not in the file: aux.weight; in the file without "
        "a place in the model: a, b, c, d and 2 more; licence: apache-2.0"
    )


def test_all_but_a_little_is_not_said_to_be_all():
    assert "99.9 %" in str(LoadReport("a", ("b",), share=0.99999))
