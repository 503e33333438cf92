"""Write a file whole or not at all: an interruption leaves what was there before."""

import os
import re
import stat
from pathlib import Path

# Of UTF-8: controls, direction overrides, signs without width, line separators, tags.
_OBEYED = re.compile(
    rb"\x7f|\xc2[\x80-\x9f\xad]|\xd8\x9c|\xe1\xa0\x8e|\xe2\x80[\x8b-\x8f\xa8-\xae]|\xe2\x81[\xa0-\xaf]"
    rb"|\xef\xbb\xbf|\xf3\xa0[\x80-\xbf][\x80-\xbf]"
)


def inert(json: bytes) -> bytes:
    r"""Return JSON of the same meaning, in which what a terminal or an editor obeys is an escape: `\u202e`."""
    if json.isascii() and b"\x7f" not in json:
        return json
    return _OBEYED.sub(_spelt, json)


def _spelt(found: re.Match[bytes]) -> bytes:
    units = found[0].decode().encode("utf-16-be").hex()  # JSON knows UTF-16: a tag is two of them
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4)).encode()


def write_whole(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Write `data` to `path` by way of a file beside it, which then takes its name.

    What is no plain file (`/dev/stdout`, a pipe) is written as it is, and so is a file in a folder where no other can
    be made. A link stays one, and an existing file keeps its mode.

    Args:
        path: where to.
        data: all of it.
        mode: of a file that is new, less the umask.

    Raises:
        OSError: it cannot be written; what was there is as it was.
    """
    target = path.resolve() if path.is_symlink() else path
    try:
        known = target.stat()
    except OSError:
        known = None
    if known is not None and not stat.S_ISREG(known.st_mode):
        target.write_bytes(data)
        return
    beside = target.with_name(f".{target.name[:200]}.{os.getpid()}.part")
    try:
        number = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except PermissionError:
        if known is None:
            raise PermissionError(13, os.strerror(13), str(path)) from None
        target.write_bytes(data)
        return
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    try:
        with os.fdopen(number, "wb") as file:
            if known is not None and hasattr(os, "fchmod"):  # not in Windows
                os.fchmod(file.fileno(), stat.S_IMODE(known.st_mode))
            file.write(data)
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
