"""Check data of any kind: files as they lie there, or what :func:`burnish.data.load` gives."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from burnish.common.errors import InputError
from burnish.data.data import Data
from burnish.data.images.decode import read_image
from burnish.data.loading import load
from burnish.data.named.catalogue import entry, names
from burnish.data.options import DataOptions
from burnish.data.source import Source, Subset, TensorSource
from burnish.data.splits import complete_splits
from burnish.data.text import TextSource
from burnish.diagnosis.data.classes import class_findings
from burnish.diagnosis.data.drift import category_drift
from burnish.diagnosis.data.finding import Finding
from burnish.diagnosis.data.fingerprints import empty, fingerprint
from burnish.diagnosis.data.folder import Folder, read_folder
from burnish.diagnosis.data.image_files import fingerprint_files
from burnish.diagnosis.data.images import image_findings, unreadable_finding
from burnish.diagnosis.data.report import DataReport, ranked
from burnish.diagnosis.data.samples import SPLITS, Samples, batches, samples_of
from burnish.diagnosis.data.tables import table_findings
from burnish.diagnosis.data.text import text_findings

if TYPE_CHECKING:
    import polars as pl

Progress = Callable[[int, int], None]


def check_data(
    origin: Any, options: DataOptions | None = None, seed: int = 0, progress: Progress | None = None
) -> DataReport:
    """Look for what makes data unfit to train on.

    Args:
        origin: what :func:`burnish.data.load` takes. An image folder is read file by file as it lies there, so
            that what loading would refuse is reported instead.
        options: how to read it.
        seed: decides which samples are held out where the data have no splits, as in fitting.
        progress: told how many of how many files were read.

    Raises:
        InputError: there are no such data, or, other than in image folders, they cannot be loaded.

    >>> report = check_data("iris")
    >>> [(finding.code, finding.count) for finding in report.findings if finding.severity != "info"]
    []
    """
    began = time.perf_counter()
    options = options or DataOptions()
    root = _image_folder(origin)
    if root is not None:
        report = _check_folder(root, options, seed, progress)
        report = replace(report, name=origin if isinstance(origin, str) and origin in names() else report.name)
    else:
        report = _check_loaded(load(origin, options=options, seed=seed), _has_test(origin))
    return replace(report, seconds=time.perf_counter() - began)


def _image_folder(origin: Any) -> Path | None:
    if isinstance(origin, str) and origin in names():
        known = entry(origin)
        if known.reader != "image-archive":
            return None
        from burnish.data.named.archive import extract
        from burnish.data.named.locate import cache_folder, locate

        (archive,) = locate(known).values()
        return extract(archive, cache_folder() / known.name / "images")
    if isinstance(origin, str | Path) and Path(origin).expanduser().is_dir():
        return Path(origin).expanduser()
    return None


def _has_test(origin: Any) -> bool:
    """Whether the data come with a test split of their own."""
    if isinstance(origin, str) and origin in names():
        return entry(origin).test_samples > 0
    if isinstance(origin, Data):
        return not isinstance(origin.test, Subset)
    return hasattr(origin, "keys") and "test" in origin


def _check_folder(root: Path, options: DataOptions, seed: int, progress: Progress | None) -> DataReport:
    folder = read_folder(root)
    count, done = len(folder.files), 0

    def told(read: int) -> None:
        nonlocal done
        done += read
        if progress is not None:
            progress(done, count)

    prints, broken = fingerprint_files(folder.files, told)
    findings = [*folder.findings, *unreadable_finding({folder.files[n]: why for n, why in broken.items()}, count)]
    good = np.ones(count, np.bool_)
    good[list(broken)] = False
    numbers = np.flatnonzero(good)
    if not len(numbers):
        raise InputError(f"none of the {count} images in {root} can be read: {next(iter(broken.values()))}")
    order, splits = _splits(folder, numbers, options, seed)
    samples = Samples(
        splits,
        folder.labels[order],
        folder.classes,
        lambda number: str(Path(folder.files[int(order[number])]).relative_to(root)),
        lambda number: read_image(folder.files[int(order[number])]),
        "image",
    )
    drawn = "test" not in folder.has_splits
    findings += image_findings(prints.take(order), samples, drawn=drawn, from_files=True)
    findings += [f for f in class_findings(samples) if f.code != "class-not-in-training" or not folder.has_splits]
    findings += _class_drift(samples)
    missing = [name for name in ("validation", "test") if name not in folder.has_splits]
    lacks = f"the folder has no {' and no '.join(missing)} split: drawn as fitting would (seed {seed})"
    return DataReport(root.resolve().name, "image", samples, ranked(findings), (lacks,) if missing else ())


def _splits(folder: Folder, numbers: np.ndarray, options: DataOptions, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Files by split, train first, and the split of each: the folder's own, or drawn as loading draws them."""
    given: dict[str, Source] = {}
    for split, name in enumerate(SPLITS):
        chosen = numbers[folder.splits[numbers] == split]
        if len(chosen):
            given[name] = TensorSource(torch.from_numpy(chosen), torch.from_numpy(folder.labels[chosen]))
    if "train" not in given:
        parts = [source.gather(torch.arange(len(source)))[0].numpy() for source in given.values()]
        codes = [SPLITS.index(name) for name in given]
    else:
        sources = complete_splits(given, options, seed)
        parts = [source.gather(torch.arange(len(source)))[0].numpy() for source in sources]
        codes = [0, 1, 2]
    return np.concatenate(parts), np.repeat(codes, [len(part) for part in parts]).astype(np.int8)


def _check_loaded(data: Data, has_test: bool) -> DataReport:
    kind = data.schema.kind
    if kind == "text":
        return _check_text(data)
    samples = samples_of(data, "image" if kind == "image" else "row")
    findings: list[Finding] = []
    if kind == "image":
        prints = empty(len(samples))
        start = 0
        for inputs, _ in batches(data):
            rows = fingerprint(list((inputs * 255).round().astype(np.uint8).transpose(0, 2, 3, 1)))
            prints.put(start, rows)
            start += len(rows)
        findings += image_findings(prints, samples, drawn=not has_test, from_files=False)
    else:
        inputs, targets = (np.concatenate(parts) for parts in zip(*batches(data), strict=True))
        frame = _frame(data)
        findings += table_findings(inputs, targets, samples, data.schema, drawn=not has_test, frame=frame)
    findings += class_findings(samples) + _class_drift(samples)
    return DataReport(data.name, kind, samples, ranked(findings), data.notes)


def _frame(data: Data) -> pl.DataFrame | None:
    """The inputs of a table file, with the columns that loading leaves out."""
    from burnish.data.tables.file import SUFFIXES, read_table

    if data.origin is None or Path(data.origin).suffix.lower() not in SUFFIXES or not Path(data.origin).is_file():
        return None
    frame = read_table(Path(data.origin))
    return frame.drop(data.schema.target) if data.schema.target in frame.columns else frame


def _check_text(data: Data) -> DataReport:
    parts = []
    for source in (data.train, data.validation, data.test):
        codes = source.codes.cpu().numpy() if isinstance(source, TextSource) else np.empty(0, np.int32)
        parts.append(codes)
    samples = replace(samples_of(data, "window"), classes=())
    return DataReport(data.name, "text", samples, ranked(text_findings(parts, data.schema.vocabulary)), data.notes)


def _class_drift(samples: Samples) -> list[Finding]:
    if not samples.classes or bool((samples.labels < 0).any()):
        return []
    return category_drift({"class": samples.labels}, samples, "classes")
