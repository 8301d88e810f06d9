"""Keep transformer layers of torch from the fused path on which none of their parts runs as a module of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def visible_attention() -> Iterator[None]:
    """Let hooks and dispatch modes see what attention does; the setting is as before afterwards.

    >>> with visible_attention():
    ...     torch.backends.mha.get_fastpath_enabled()
    False
    """
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
