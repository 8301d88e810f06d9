"""What ``predict`` does: inputs of the run's kind through its model, or samples out of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor

from burnish.common.errors import InputError
from burnish.common.module_state import evaluating
from burnish.data.batch import Batch
from burnish.data.images.decode import SUFFIXES
from burnish.runs.subject import Subject
from burnish.tasks import Gan, LanguageModelling
from burnish.verbs.predict import Predict
from burnish.verbs.predicting.generating import continue_text, make_samples
from burnish.verbs.predicting.image_inputs import image_tensor, read_images
from burnish.verbs.predicting.input_files import input_files
from burnish.verbs.predicting.picture_folder import check_folder, write_pictures
from burnish.verbs.predicting.predictions import Predictions, check_target
from burnish.verbs.predicting.table_inputs import read_tables, table_rows, unseen_categories

_MOST_COLUMNS = 20
_APPLIES = {
    "text": ("prompt", "length", "temperature", "seed"),
    "generative": ("count", "seed"),
    "image": ("batch_size", "skip_unreadable"),
    "table": ("batch_size",),
}
"""Options that mean something for one kind of run only; elsewhere they are an error, never ignored."""

Named = tuple[list[dict[str, Any]], Tensor]


def predict_with(subject: Subject, options: Predict, x: Any) -> Predictions:
    """Predict, and write the file where one is asked for.

    Args:
        subject: the run, ready to score.
        options: with the paths or prompts among them.
        x: an array or table from Python, or None.

    Raises:
        InputError: there are no inputs, they do not fit the run, or ``to`` cannot be written.
    """
    kind = _kind(subject)
    _check(options, kind, subject, x)
    pictures = kind == "generative" and len(subject.run.task.schema.input_shape) == 3
    if options.to is not None and pictures:
        check_folder(options.to, options.overwrite)
    elif options.to is not None:
        check_target(options.to, options.overwrite, options.inputs)
    if kind == "text":
        found = _texts(subject, options)
    elif kind == "generative":
        found = _samples(subject, options)
    else:
        found = _judge(subject, options, x)
    if options.to is not None and pictures:
        write_pictures(found, options.to)
    elif options.to is not None:
        found.to_csv(options.to, overwrite=options.overwrite)
    return found


def _kind(subject: Subject) -> str:
    task = subject.run.task
    if isinstance(task, LanguageModelling):
        return "text"
    if isinstance(task, Gan):
        return "generative"
    return subject.run.schema.kind


def _check(options: Predict, kind: str, subject: Subject, x: Any) -> None:
    applies = _APPLIES.get(kind)
    if applies is None:
        raise InputError(f"{subject.run.path.name} is a run on {kind}: predict takes images, tables, texts, generators")
    path = subject.run.path.name
    for name in dict.fromkeys(name for names in _APPLIES.values() for name in names):
        if name not in applies and getattr(options, name) != Predict.__dataclass_fields__[name].default:
            rest = ", ".join(_flag(name) for name in applies)
            raise InputError(f"{_flag(name)} means nothing for {kind} run {path}: leave it out (it takes {rest})")
    if options.overwrite and options.to is None:
        raise InputError("--overwrite means nothing without --to: name the file to write")
    if options.batch_size < 1:
        raise InputError(f"batch_size must be at least 1, got {options.batch_size}")
    if kind == "generative" and (options.inputs or x is not None):
        raise InputError(f"run {path} makes samples and takes none: leave the inputs out, see --count")
    if kind == "text" and x is not None:
        raise InputError(f"a text run goes on from prompts: expected texts, got {type(x).__name__}")
    if kind in ("image", "table") and not options.inputs and x is None:
        wanted = "image files, folders or patterns" if kind == "image" else "CSV or Parquet files"
        raise InputError(f"no inputs: give {wanted} after the run, as in 'burnish predict RUN new/*'")
    if options.inputs and x is not None:
        raise InputError("inputs are given twice, as files and as an array: give one")


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _judge(subject: Subject, options: Predict, x: Any) -> Predictions:
    skipped: list[str] = []
    notes: list[str] = []
    batches = _images(subject, options, x, skipped) if subject.run.schema.kind == "image" else None
    if batches is None:
        names, rows = _rows(subject, options, x)
        notes = unseen_categories(rows, subject.run.schema) if options.inputs or not _is_array(x) else []
        batches = _in_batches(names, rows, options.batch_size)
    rows_out, columns = _through(subject, batches)
    return _gathered(subject, rows_out, columns, tuple(skipped), tuple(notes))


def _images(subject: Subject, options: Predict, x: Any, skipped: list[str]) -> Iterable[Named]:
    shape = subject.run.schema.input_shape
    if x is None:
        files = input_files(options.inputs, SUFFIXES, "image")
        read = read_images(files, shape, options.batch_size, skipped if options.skip_unreadable else None)
        return (([{"file": file} for file in batch], images) for batch, images in read)
    if options.skip_unreadable:
        raise InputError("--skip-unreadable means nothing for arrays: leave it out")
    images = image_tensor(x, shape)
    return _in_batches([{"row": number} for number in range(1, len(images) + 1)], images, options.batch_size)


def _rows(subject: Subject, options: Predict, x: Any) -> Named:
    if x is None:
        return read_tables(options.inputs, subject.run.schema)
    rows = table_rows(x, subject.run.schema)
    return [{"row": number} for number in range(1, len(rows) + 1)], rows


def _is_array(x: Any) -> bool:
    return hasattr(x, "__array__") and not hasattr(x, "columns")


def _in_batches(names: list[dict[str, Any]], inputs: Tensor, size: int) -> Iterator[Named]:
    for start in range(0, len(inputs), size):
        part = inputs[start : start + size]
        yield names[start : start + size], part.float().div(255) if part.dtype == torch.uint8 else part


def _through(subject: Subject, batches: Iterable[Named]) -> tuple[list[dict[str, Any]], dict[str, Tensor]]:
    """Names of all samples, and the columns of what the model says of them."""
    task = subject.run.task
    names: list[dict[str, Any]] = []
    columns: dict[str, list[Tensor]] = {}
    with evaluating(subject.model):
        for named, inputs in batches:
            index = torch.arange(len(names), len(names) + len(named))
            output = task.forward(subject.model, Batch(inputs.to(subject.device), None, index))
            said = task.predict(output)
            if "confidence" in said:
                said = said | {"probabilities": output.float().softmax(dim=1)}
            names += named
            for name, values in said.items():
                columns.setdefault(name, []).append(values.cpu())
    return names, {name: torch.cat(parts) for name, parts in columns.items()}


def _gathered(
    subject: Subject,
    names: list[dict[str, Any]],
    columns: dict[str, Tensor],
    skipped: tuple[str, ...],
    notes: tuple[str, ...],
) -> Predictions:
    prediction = columns["prediction"]
    if prediction.is_floating_point():
        if prediction.ndim == 1:
            numbers = [{"prediction": value} for value in prediction.tolist()]
        else:
            numbers = [{f"prediction_{n}": value for n, value in enumerate(row, 1)} for row in prediction.tolist()]
        rows = [name | number for name, number in zip(names, numbers, strict=True)]
        return Predictions(rows, values=prediction, skipped=skipped, notes=notes)
    classes = subject.run.schema.classes
    labels = tuple(classes[label] for label in prediction.tolist())
    rows = [name | {"prediction": label} for name, label in zip(names, labels, strict=True)]
    probabilities = columns.get("probabilities")
    if probabilities is not None:
        for row, sure, shares in zip(rows, columns["confidence"].tolist(), probabilities.tolist(), strict=True):
            row["confidence"] = sure
            if len(classes) <= _MOST_COLUMNS:
                row |= {f"probability_{name}": share for name, share in zip(classes, shares, strict=True)}
    return Predictions(rows, labels, probabilities, None, skipped, notes)


def _texts(subject: Subject, options: Predict) -> Predictions:
    rows = []
    for prompt in (*options.inputs, *options.prompt) or ("",):
        text = continue_text(
            subject.model,
            subject.run.schema,
            prompt,
            length=options.length,
            temperature=options.temperature,
            seed=options.seed,
        )
        rows.append({"prompt": prompt, "text": text})
    return Predictions(rows, tuple(row["text"] for row in rows))


def _samples(subject: Subject, options: Predict) -> Predictions:
    made = make_samples(subject.model, options.count, seed=options.seed)
    if made.ndim == 2:
        rows = [{"sample": n, **{f"x{i}": v for i, v in enumerate(row, 1)}} for n, row in enumerate(made.tolist(), 1)]
        return Predictions(rows, values=made)
    shape = "x".join(map(str, made.shape[1:]))
    rows = [{"sample": number, "picture": shape} for number in range(1, len(made) + 1)]
    return Predictions(rows, values=made)
