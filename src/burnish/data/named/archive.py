"""Unpacking an archive that nobody vouches for."""

from __future__ import annotations

import os
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from burnish.common.errors import InputError


def extract(archive: Path, to: Path) -> Path:
    """Unpack a tar (plain, gz, bz2, xz) or zip archive into a new folder; all of it or nothing.

    Refused: absolute names, ``..`` in a name, links that leave the folder, devices, pipes. Owners and special
    permission bits are not taken over. Where ``to`` exists, it is taken as unpacked before.

    Raises:
        InputError: the archive is damaged, of another kind, or one of its members is refused.
    """
    if to.exists():
        return to
    to.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{to.name}.", dir=to.parent))
    try:
        if zipfile.is_zipfile(archive):
            _unzip(archive, temporary)
        else:
            _untar(archive, temporary)
        temporary.chmod(0o755)
        try:
            os.rename(temporary, to)
        except OSError:
            if not to.exists():  # else another process was faster with the same thing
                raise
    except (tarfile.ReadError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        reason = str(error) or type(error).__name__
        raise InputError(f"{archive} is not a whole tar or zip archive ({reason}): fetch it again") from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return to


def _untar(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as tar:
        for member in tar:
            _check_name(archive, member.name)
            if not (member.isfile() or member.isdir() or member.issym() or member.islnk()):
                raise _refusal(archive, member.name, "is a device or a pipe")
            try:
                tar.extract(member, folder, filter="data")
            except tarfile.FilterError:
                raise _refusal(archive, member.name, "leads out of the folder") from None


def _unzip(archive: Path, folder: Path) -> None:
    with zipfile.ZipFile(archive) as whole:
        for member in whole.infolist():
            _check_name(archive, member.filename)
            kind = stat.S_IFMT(member.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise _refusal(archive, member.filename, "is a link or a device")
            whole.extract(member, folder)


def _check_name(archive: Path, name: str) -> None:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or (path.parts and path.parts[0].endswith(":")):
        raise _refusal(archive, name, "has an absolute path")
    if ".." in path.parts:
        raise _refusal(archive, name, "has '..' in its path")


def _refusal(archive: Path, name: str, why: str) -> InputError:
    return InputError(f"{archive} is refused, nothing was unpacked: its member '{name}' {why}")
