"""What was exported, and how well the file answers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

_LOADING = {
    "torch": "model = torch.export.load({path!r}).module()",
    "onnx": "session = onnxruntime.InferenceSession({path!r})",
}


@dataclass(frozen=True)
class Exported:
    """A file that runs without burnish.

    Attributes:
        path: the file.
        to: ``torch`` or ``onnx``.
        bytes: its size.
        inputs: type and shape of what goes in, such as ``float32 [batch, 1, 28, 28]``.
        outputs: of what comes out, one text a tensor.
        count: samples that it was checked on.
        checked_on: what they were.
        difference: largest difference between an answer of the file and one of the model.
        largest: largest answer of the model, to compare the difference with.
        notes: what a user should know.
    """

    path: Path
    to: str
    bytes: int
    inputs: str
    outputs: tuple[str, ...]
    count: int
    checked_on: str
    difference: float
    largest: float
    notes: tuple[str, ...] = ()

    def text(self) -> str:
        """For a person."""
        return "\n".join(
            [
                f"{self.path} ({self.bytes / 1e6:.3g} MB)",
                f"  takes     {self.inputs}",
                f"  gives     {', '.join(self.outputs)}",
                f"  checked   on {self.count:,} {self.checked_on}: differs by at most {self.difference:.2g}, "
                f"answers up to {self.largest:.3g}",
                f"  to load   {_LOADING[self.to].format(path=str(self.path))}",
                *(f"note: {note}" for note in self.notes),
            ]
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data.

        >>> one = Exported(Path("m.pt2"), "torch", 9, "int64 [batch, 2]", ("int64 [batch]",), 3, "rows", 0.0, 1.0)
        >>> one.to_dict()["path"], one.to_dict()["outputs"]
        ('m.pt2', ['int64 [batch]'])
        """
        return asdict(self) | {"path": str(self.path), "outputs": list(self.outputs), "notes": list(self.notes)}
