"""What an observer of a training run has to offer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from burnish.training.engine import Engine


@runtime_checkable
class Observer(Protocol):
    """Something that watches a run. ``name`` keys its state in checkpoints."""

    name: str

    def subscribe(self, engine: Engine) -> None:
        """Ask for events with ``engine.events.on(...)`` and for rows with ``engine.row_readers.append(...)``."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Plain data that a resumed run needs."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back :meth:`state_dict`."""
        ...


class Stateless:
    """Base of observers that have nothing to remember."""

    def state_dict(self) -> dict[str, Any]:
        """Nothing."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Nothing to take back."""
