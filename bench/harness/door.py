"""Porch alone, as a bench script starts it that measures nothing else."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from peers import Command

from harness.process import Process, free_port

__all__ = ["Door", "door"]


@dataclass(frozen=True, slots=True)
class Door:
    """One that runs. file: its configuration; its log and its control socket are beside it."""

    process: Process
    port: int
    file: Path


def _run(file: Path) -> list[str]:
    return ["-m", "porch", "run", str(file)]


@contextmanager
def door(
    python: str,
    source: Path,
    cores: set[int],
    config: Callable[[int, Path], str],
    words: Callable[[Path], list[str]] = _run,
) -> Iterator[Door]:
    """A door that runs. source: the folder porch is in. config: the text of its configuration, for
    a port and the file of the access log. words: what the interpreter is told, for the file of the
    configuration."""
    directory = Path(tempfile.mkdtemp(prefix="porch-bench-"))
    port = free_port()
    file, log = directory / "porch.toml", directory / "access.log"
    file.write_text(config(port, log))
    command = Command(
        arguments=[python, *words(file)],
        environment={"PYTHONPATH": str(source), "XDG_RUNTIME_DIR": str(directory)},
    )
    process = Process(command, cores=cores, log=log, errors=directory / "stderr")
    try:
        process.wait_for_port(port)
        yield Door(process, port, file)
    finally:
        process.stop()
        shutil.rmtree(directory, ignore_errors=True)
