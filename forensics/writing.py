"""Write a file whole or not at all: an interruption leaves what was there before."""

import os
import stat
from pathlib import Path


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
