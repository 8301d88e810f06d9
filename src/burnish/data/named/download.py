"""Fetching one file: resumed, checked, put in place in one move, from the first mirror that works."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import http.client
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from burnish.common.errors import InputError
from burnish.common.files import fsync_folder

Progress = Callable[[int, int | None], None]
"""Called with the bytes that are here and the bytes expected (None: not known)."""

_BLOCK = 1 << 18
_ATTEMPTS = 5


def download(
    urls: Sequence[str],
    to: Path,
    *,
    sha256: str | None = None,
    size: int | None = None,
    progress: Progress | None = None,
    timeout: float = 30.0,
    by_hand: str | None = None,
) -> Path:
    """Fetch a file that several addresses offer; return at once where it is already there.

    What arrives is kept as ``NAME.part``, so a later call goes on where an interrupted one stopped. Two processes may
    ask for the same file: the second waits for the first.

    Args:
        urls: mirrors of the same bytes, tried in turn.
        to: where the file goes; its folder is made.
        sha256: hex digest that the file must have, or the first digits of it. Without one nothing is resumed, for want
            of a check.
        size: expected bytes, for the progress where a server does not say.
        progress: told how far the transfer is.
        timeout: seconds without an answer after which a mirror counts as dead.
        by_hand: what to do where no mirror gives the file; by default where the file of a data set is to be put.

    Raises:
        InputError: no mirror gave the file, or it cannot be written; the message says where to put it by hand.
    """
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        with _alone(to):
            if to.exists():
                return to
            part = to.with_name(f"{to.name}.part")
            reasons = []
            for url in urls:
                reason = _fetch(url, part, sha256, size, progress, timeout)
                if reason is None:
                    os.replace(part, to)
                    fsync_folder(to.parent)
                    return to
                reasons.append(f"{urlsplit(url).netloc}: {reason}")
    except OSError as error:
        raise InputError(f"cannot write {to}: {error.strerror or error}") from None
    by_hand = by_hand or (
        f"put the file into {to.parent}, or set BURNISH_DATA to a folder with {to.parent.name}/{to.name} in it"
    )
    raise InputError(f"cannot download {to.name} ({'; '.join(reasons) or 'no address is known'}): {by_hand}")


def _fetch(
    url: str, part: Path, sha256: str | None, size: int | None, progress: Progress | None, timeout: float
) -> str | None:
    """Complete and check ``part`` from one mirror; a reason when that fails."""
    for _ in range(_ATTEMPTS):
        if sha256 is None:
            part.unlink(missing_ok=True)
        before = part.stat().st_size if part.exists() else 0
        try:
            _transfer(url, part, before, size, progress, timeout)
        except _Stopped as stopped:
            if part.exists() and part.stat().st_size > before:
                continue
            return str(stopped)
        if sha256 is None or _digest(part).startswith(sha256):
            return None
        part.unlink()
        if before == 0:
            return "the file has a wrong checksum"
    return "the transfer kept stopping"


class _Stopped(Exception):  # noqa: N818 - a reason, caught above
    """The network's side of a failure; the disk's side stays an OSError."""


def _transfer(url: str, part: Path, before: int, size: int | None, progress: Progress | None, timeout: float) -> None:
    request = urllib.request.Request(url, headers={"User-Agent": "burnish"})
    if before:
        request.add_header("Range", f"bytes={before}-")
    try:
        response = urllib.request.urlopen(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416 and before:
            return  # nothing is left to send: the checksum decides
        raise _Stopped(f"HTTP {error.code} {error.reason}") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _Stopped(str(getattr(error, "reason", error)) or type(error).__name__) from None
    with response:
        # A server that ignores Range answers 200 and sends everything again.
        resumed = response.status == 206 and response.headers.get("Content-Range", "").startswith(f"bytes {before}-")
        length = response.headers.get("Content-Length")
        here = before if resumed else 0
        total = here + int(length) if length and length.isdigit() else None
        with open(part, "ab" if resumed else "wb") as file:
            while True:
                try:
                    block = response.read(_BLOCK)
                except (OSError, http.client.HTTPException) as error:
                    raise _Stopped(str(error) or type(error).__name__) from None
                if not block:
                    break
                file.write(block)
                here += len(block)
                if progress is not None:
                    progress(here, total or size)
            file.flush()
            os.fsync(file.fileno())
    if total is not None and here < total:
        raise _Stopped(f"the transfer stopped after {here} of {total} bytes")


def _digest(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def _alone(to: Path) -> Iterator[None]:
    lock = to.with_name(f".{to.name}.lock")
    with open(lock, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def shown_progress(what: str, size: int | None) -> Iterator[Progress | None]:
    """Show a download on stderr: a bar on a terminal, one line elsewhere."""
    if not sys.stderr.isatty():
        print(f"downloading {what}" + (f" ({size / 1e6:.1f} MB)" if size else ""), file=sys.stderr)
        yield None
        return
    from rich import progress as bars
    from rich.console import Console

    shown = (bars.TextColumn("{task.description}"), bars.BarColumn(), bars.DownloadColumn(), bars.TimeRemainingColumn())
    with bars.Progress(*shown, console=Console(stderr=True), refresh_per_second=4) as display:
        task = display.add_task(f"downloading {what}", total=size)
        yield lambda here, total: display.update(task, completed=here, total=total)
