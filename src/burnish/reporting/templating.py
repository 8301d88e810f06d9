"""What every page shares: where templates come from, what they may call, how a page lands on the disk."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from burnish.common.errors import InputError
from burnish.common.files import write_atomically

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup


def environment() -> Environment:
    """The templates of burnish: whatever is put into a page is escaped, and a name that is missing is an error.

    Filters: ``percent`` for shares, ``code`` for text with `words` that are code.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    from burnish.reporting.formats import percent

    made = Environment(
        loader=PackageLoader("burnish.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"percent": percent, "code": _code}
    return made


def _code(text: str) -> Markup:
    from markupsafe import Markup, escape

    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # escaped before it is marked up


def write_page(to: Path, content: str) -> Path:
    """Write a page whole, or not at all.

    Raises:
        InputError: the folder cannot be written to.
    """
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(to, content.encode("utf-8", errors="replace"))
    except OSError as error:
        reason = error.strerror or os.fspath(to)
        raise InputError(f"cannot write '{to}': {reason}; choose a folder that can be written to") from error
    return to
