"""Porch alone, as a bench script starts it that measures nothing else."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from peers import Command

from harness.process import Process, free_port

__all__ = ["door"]


@contextmanager
def door(
    python: str, source: Path, cores: set[int], config: Callable[[int, Path], str]
) -> Iterator[tuple[Process, int]]:
    """A door that runs, and its port. source: the folder porch is in. config: the text of its
    configuration, for a port and the file of the access log."""
    directory = Path(tempfile.mkdtemp(prefix="porch-bench-"))
    port = free_port()
    file, log = directory / "porch.toml", directory / "access.log"
    file.write_text(config(port, log))
    command = Command(
        arguments=[python, "-m", "porch", "run", str(file)],
        environment={"PYTHONPATH": str(source), "XDG_RUNTIME_DIR": str(directory)},
    )
    process = Process(command, cores=cores, log=log, errors=directory / "stderr")
    try:
        process.wait_for_port(port)
        yield process, port
    finally:
        process.stop()
        shutil.rmtree(directory, ignore_errors=True)
