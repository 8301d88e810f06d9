"""What is wrong with images: broken files, copies, sizes, channels, proportions, empty pictures, drift."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from burnish.diagnosis.data.drift import numeric_drift, told_apart
from burnish.diagnosis.data.duplicates import Wording, duplicate_findings
from burnish.diagnosis.data.finding import EXAMPLES, Example, Finding, Severity, counted, spread
from burnish.diagnosis.data.fingerprints import Fingerprints
from burnish.diagnosis.data.groups import equal_groups, joined_groups
from burnish.diagnosis.data.near import near_pairs
from burnish.diagnosis.data.samples import Samples

_EXACT = Wording("image", "an exact copy", "exact copies")
_NEAR = Wording("image", "a near copy", "near copies", "near-", "nearly the same picture")
_ASPECT = 4.0
_TINY = 8


def unreadable_finding(broken: dict[str, str], count: int) -> list[Finding]:
    """Files that cannot be decoded, with the reason for each."""
    if not broken:
        return []
    reasons = [Example(note=_reason(told)) for told in list(broken.values())[:EXAMPLES]]
    return [
        Finding(
            "unreadable-files",
            "error",
            f"{counted(len(broken), 'file')} cannot be read",
            len(broken),
            len(broken) / max(1, count),
            "Loading stops at the first of them.",
            "Fetch them again or remove them; --skip-unreadable leaves them out when fitting.",
            tuple(reasons),
            "files",
        )
    ]


def _reason(told: str) -> str:
    return told.removeprefix("cannot read image ").removesuffix("; --skip-unreadable leaves such files out")


def image_findings(prints: Fingerprints, samples: Samples, *, drawn: bool, from_files: bool) -> list[Finding]:
    """Everything that fingerprints tell.

    Args:
        prints: one row a sample.
        samples: the same samples.
        drawn: the splits were drawn by burnish, not given.
        from_files: sizes are those of files; loading has not brought them to one yet.
    """
    exact = equal_groups(prints.digest)
    flat = prints.flat
    whole = [group for group in exact if not flat[group[0]]]  # pictures of one colour are told of once, below
    found = duplicate_findings(whole, samples, _EXACT, drawn=drawn)
    found += duplicate_findings(_near_groups(prints, exact), samples, _NEAR, drawn=drawn)
    found += _some(
        flat,
        samples,
        "constant-images",
        "warning",
        "of one colour throughout",
        "There is nothing in them to learn from.",
        "Remove them, or find out what went wrong when they were made.",
    )
    if from_files:
        found += _sizes(prints, samples)
    return found + _channels(prints, samples, from_files) + _drift(prints, samples)


def _near_groups(prints: Fingerprints, exact: list[NDArray[np.int64]]) -> list[NDArray[np.int64]]:
    """Groups of near copies; of exact copies the first in a split stands for the others."""
    repeats = [group[1:] for group in exact]
    first = np.ones(len(prints), np.bool_)
    if repeats:
        first[np.concatenate(repeats)] = False
    unique = np.flatnonzero(first)
    pairs = near_pairs(prints.take(unique))[0]
    return joined_groups(unique[pairs])


def _some(
    which: NDArray[np.bool_],
    samples: Samples,
    code: str,
    severity: Severity,
    what: str,
    meaning: str,
    advice: str,
) -> list[Finding]:
    numbers = np.flatnonzero(which)
    if not len(numbers):
        return []
    return [
        Finding(
            code,
            severity,
            f"{counted(len(numbers), 'image is', 'images are')} {what}",
            len(numbers),
            len(numbers) / len(samples),
            meaning,
            advice,
            tuple(samples.example(number) for number in spread(numbers.tolist())),
            "images",
        )
    ]


def _sizes(prints: Fingerprints, samples: Samples) -> list[Finding]:
    height, width = prints.size[:, 0], prints.size[:, 1]
    long, short = np.maximum(height, width), np.minimum(height, width)
    found = _some(
        long > _ASPECT * short,
        samples,
        "extreme-proportions",
        "warning",
        f"more than {_ASPECT:.0f} times as long as wide",
        "The centred square that training sees leaves out most of the picture.",
        "Crop or pad them beforehand so that the subject is in the square.",
    )
    median = float(np.median(short))
    found += _some(
        (short < _TINY) | (short * 4 <= median),
        samples,
        "tiny-images",
        "warning",
        f"much smaller than the others (median of the shorter side: {median:.0f} pixels)",
        "Enlarged to the common size they are blurred, which a model may learn instead of the subject.",
        "Find larger originals, or remove them; thumbnails often end up among photographs.",
    )
    kinds, counts = np.unique(prints.size[:, :2], axis=0, return_counts=True)
    if len(kinds) > 1:
        order = np.argsort(-counts, kind="stable")[:EXAMPLES]
        told = tuple(Example(note=f"{kinds[k][1]}x{kinds[k][0]}: {counted(int(counts[k]), 'image')}") for k in order)
        found.append(
            Finding(
                "several-sizes",
                "info",
                f"images come in {len(kinds):,} sizes, shorter side {short.min()} to {short.max()} pixels",
                len(kinds),
                1 - float(counts.max()) / len(prints),
                "Loading scales and crops all of them to one square.",
                "Nothing, unless size goes with class: --input-size chooses the square.",
                told,
                "sizes",
            )
        )
    return found


def _channels(prints: Fingerprints, samples: Samples, from_files: bool) -> list[Finding]:
    grey = prints.size[:, 2] == 1
    count = int(grey.sum())
    if not 0 < count < len(prints):
        return []
    rare = grey if 2 * count <= len(prints) else ~grey
    few = int(rare.sum())
    what = "grey among colour images" if 2 * count <= len(prints) else "in colour among grey images"
    severity: Severity = "info"
    meaning = "They are read as colour like the others."
    if len(samples.classes) > 1 and (samples.labels >= 0).all():
        sizes = np.bincount(samples.labels, minlength=len(samples.classes))
        by_class = np.bincount(samples.labels[rare], minlength=len(samples.classes))
        worst = int(np.argmax(by_class / np.maximum(sizes, 1)))
        inside, outside = by_class[worst] / sizes[worst], (few - by_class[worst]) / max(1, len(prints) - sizes[worst])
        if by_class[worst] >= 10 and inside > 0.2 and inside > 5 * outside:
            severity = "warning"
            meaning = (
                f"{inside:.0%} of class '{samples.classes[worst]}' but {outside:.1%} of the rest: a model may learn "
                "the colour instead of the subject."
            )
    return [
        Finding(
            "mixed-channels",
            severity,
            f"{counted(few, 'image is', 'images are')} {what}",
            few,
            few / len(prints),
            meaning,
            "Convert all to grey if colour carries nothing, or drop colour at random while training.",
            tuple(samples.example(number) for number in spread(np.flatnonzero(rare).tolist())),
            "images",
        )
    ]


def _drift(prints: Fingerprints, samples: Samples) -> list[Finding]:
    mean = prints.mean.astype(np.float64).copy()
    grey = prints.size[:, 2] == 1
    mean[grey, 1:] = mean[grey, :1]
    columns = {"brightness": mean.mean(axis=1), "contrast": prints.deviation.astype(np.float64)}
    if not grey.all():
        columns |= {name: mean[:, channel] for channel, name in enumerate(("red", "green", "blue"))}
    found = numeric_drift(columns, samples, "properties")
    coarse = prints.thumbnail.reshape(len(prints), 4, 4, 4, 4).mean(axis=(2, 4)).reshape(len(prints), 16)
    features = np.concatenate([np.stack(list(columns.values()), axis=1), coarse], axis=1)
    return found or told_apart(features, samples)
