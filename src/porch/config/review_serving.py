"""What the types of `to = "file:…"` cannot tell: whether the folder is there, and is meant."""

import contextlib
import stat
from pathlib import Path

from porch.config.loaded import Loaded
from porch.config.locate import KeyPath
from porch.config.target import Target

__all__ = ["review_folder"]


def review_folder(loaded: Loaded, target: Target, path: KeyPath) -> None:
    """The folder of a target. path: where it is named."""
    folder = loaded.base / target.path
    try:
        mode = folder.stat().st_mode
    except FileNotFoundError:
        loaded.add(path, f"{folder} does not exist; make that folder, or correct `to`")
        return
    except (OSError, ValueError) as error:  # ValueError: a zero in the name
        why = getattr(error, "strerror", None) or error
        loaded.add(path, f"{folder} cannot be served: {why}")
        return
    if not stat.S_ISDIR(mode):
        loaded.add(path, f'{folder} is no folder; write "file:{folder.parent}", and name the rest')
        return
    if folder.resolve() == Path("/"):
        text = "file:/ serves every file of this machine that the door may read; name one folder"
        loaded.add(path, text)
        return
    if mode & stat.S_IWOTH:
        text = f"everybody on this machine can put files into {folder}: chmod o-w {folder}"
        loaded.add(path, text, warning=True)
    for file in loaded.files:
        if _is_below(loaded.base / file, folder):
            text = f"{file} lies below {folder}, so that everybody can read it; move it elsewhere"
            loaded.add(path, text, warning=True)


def _is_below(file: Path, folder: Path) -> bool:
    with contextlib.suppress(OSError, ValueError):
        return file.resolve().is_relative_to(folder.resolve())
    return False
