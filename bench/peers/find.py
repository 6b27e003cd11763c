"""Where the programs are: beside the interpreter that runs the bench, or on the PATH."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path

__all__ = ["in_environment", "in_package", "on_path"]


def in_environment(name: str) -> str | None:
    """The script or program `name` that a wheel installed beside this interpreter, else PATH's."""
    # Not resolved: a virtual environment's python is a link to one that has no such neighbours.
    beside = str(Path(sys.executable).parent)
    return shutil.which(name, path=beside) or on_path(name)


def in_package(package: str, pattern: str) -> str | None:
    """The program inside an installed package: the one file that `pattern` (a glob) finds there."""
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        for path in sorted(Path(folder).glob(pattern)):
            if os.access(path, os.X_OK):
                return str(path)
    return None


def on_path(name: str) -> str | None:
    """The program `name` on the PATH, and in sbin, which a user's PATH lacks on Debian."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin")
