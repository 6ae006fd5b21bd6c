"""Writes a file whole or not at all: beside its place first, then into it."""

from __future__ import annotations

import errno
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from watchfloor.errors import BadOption

__all__ = ["replacing"]

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path in the same folder, which takes the place of `path` once the block has ended well.

    Raises:
        BadOption: a folder, a place where nothing can be written, a full disk. What was there before stays.
    """
    target = path.resolve()  # a link stays a link
    if target.is_dir():
        raise BadOption(f"{path}: this is a folder", hint="name a file in it")
    beside = target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}.part")
    try:
        beside.touch(exist_ok=False)
    except OSError as error:
        raise _cannot(path, error) from error
    try:
        yield beside
        if target.exists():
            shutil.copymode(target, beside)
        beside.replace(target)
    except OSError as error:
        if error.errno in _NO_ROOM or str(beside) in (error.filename, error.filename2):
            raise _cannot(path, error) from error
        raise
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def _cannot(path: Path, error: OSError) -> BadOption:
    if not path.resolve().parent.is_dir():
        return BadOption(f"{path}: there is no folder {path.parent}", hint="make the folder first, or write elsewhere")
    why = (error.strerror or str(error)).lower()
    return BadOption(f"{path}: cannot be written ({why})", hint="name a file in a folder that you may write to")
