"""Containers of a real Podman, which come and go before a real door."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import Door
from tests.e2e.test_discovery import answers, named, source

PROGRAMS = ("/bin/sleep",)
LIMITS = ["--ulimit", "nofile=512:512", "--ulimit", "nproc=100:100"]


def _podman(*words: str) -> "subprocess.CompletedProcess[str]":
    runtime = ["--runtime", "runc"] if shutil.which("runc") else []
    command = ["podman", *runtime, *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


class Podman:
    """Its service at a socket of the test's own, and containers that only sleep."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "podman.sock"
        self._root = folder / "root"
        self._names: list[str] = []
        self._fill()
        command = ["podman", "system", "service", "--time=0", f"unix://{self.socket}"]
        self._service = subprocess.Popen(command, stderr=subprocess.DEVNULL)

    def _fill(self) -> None:
        """A file system with what `sleep` needs."""
        for program in PROGRAMS:
            told = subprocess.run(["ldd", program], capture_output=True, text=True, check=True)
            words = told.stdout.split()
            for file in [program, *(word for word in words if word.startswith("/"))]:
                to = self._root / file.lstrip("/")
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, to)

    def start(self, name: str, *labels: str) -> str:
        """A container in the host's network. Returns why it does not run, or ""."""
        self._names.append(name)
        said = [word for label in labels for word in ("--label", label)]
        command = ["run", "-d", "--name", name, *LIMITS, "--network", "host", *said]
        done = _podman(*command, "--rootfs", str(self._root), "/bin/sleep", "600")
        return done.stderr if done.returncode else ""

    def stop(self, name: str) -> None:
        _podman("rm", "-f", "-t", "0", name)

    def close(self) -> None:
        for name in self._names:
            self.stop(name)
        self._service.terminate()
        self._service.wait()


@pytest.fixture
def podman(tmp_path: Path) -> Iterator[Podman]:
    if shutil.which("podman") is None or os.geteuid() != 0:
        pytest.skip(
            "there is no podman, or not the right to run it: apt-get install podman runc, as root"
        )
    made = Podman(tmp_path)
    try:
        refusal = made.start(f"porch-trial-{os.getpid()}")
        if refusal:
            pytest.skip(f"no container runs here: {refusal}")
        yield made
    finally:
        made.close()


@pytest.mark.soak  # a machine that runs the others may not be allowed to run containers
@pytest.mark.system
def test_containers_come_and_go_by_their_label(door: Any, origin: Any, podman: Podman) -> None:
    a, b = origin(named("a")), origin(named("b"))
    first, second = (f"porch-{each}-{os.getpid()}" for each in "ab")
    assert podman.start(first, "porch.pool=shop", f"porch.port={a.port}") == ""
    environ = {"DOCKER_HOST": f"unix://{podman.socket}"}
    made: Door = door('workers = 2\n[routes]\n"*" = "docker:shop"', environ=environ)
    assert answers(made) == {"a"}
    began = time.monotonic()
    assert podman.start(second, "porch.pool=shop", f"porch.port={b.port}") == ""
    made.wait_until(lambda: source(made)["endpoints"] == 2, "the second")
    assert answers(made) == {"a", "b"}
    podman.stop(first)
    made.wait_until(lambda: source(made)["endpoints"] == 1, "the end of the first")
    assert answers(made) == {"b"}
    assert time.monotonic() - began < 30  # by events: without them it is looked once a minute
    podman.stop(second)
    made.wait_until(lambda: "found nothing" in source(made)["trouble"], "the end of both")
    assert httpx.get(made.url).text == "b"
