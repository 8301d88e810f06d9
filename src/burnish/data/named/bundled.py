"""Real data that comes with scikit-learn: no download, no network."""

from __future__ import annotations

import torch

from burnish.data.named.catalogue import Entry
from burnish.data.schema import Column, Schema
from burnish.data.source import Source, TensorSource


def read_bundled(entry: Entry) -> tuple[Source, Schema]:
    """All samples of a bundled set, and what they are.

    Pixels of ``digits`` are scaled from 0 .. 16 to [0, 1]; the tables come in their own units.

    >>> from burnish.data.named.catalogue import entry
    >>> source, schema = read_bundled(entry("iris"))
    >>> len(source), [column.name for column in schema.columns][:2]
    (150, ['sepal length (cm)', 'sepal width (cm)'])
    """
    from sklearn import datasets

    if entry.name == "digits":
        found = datasets.load_digits()
        images = torch.from_numpy(found.images).float().div(16).unsqueeze(1)
        schema = Schema(entry.kind, entry.goal, entry.input_shape, classes=entry.classes)
        return TensorSource(images, torch.from_numpy(found.target).long()), schema
    if entry.name == "diabetes":
        found = datasets.load_diabetes(scaled=False)
    else:
        readers = {
            "iris": datasets.load_iris,
            "wine": datasets.load_wine,
            "breast-cancer": datasets.load_breast_cancer,
        }
        found = readers[entry.name]()
    target = torch.from_numpy(found.target)
    columns = tuple(Column(str(name), "numeric") for name in found.feature_names)
    schema = Schema(entry.kind, entry.goal, entry.input_shape, classes=entry.classes, target="target", columns=columns)
    source = TensorSource(
        torch.from_numpy(found.data).float(), target.long() if entry.goal == "classification" else target.float()
    )
    return source, schema
