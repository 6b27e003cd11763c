"""What pages have a reader try is as they say: each console block is run in a shell, before a real
`porch demo`."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep

import pytest

from tests.e2e.conftest import PATIENCE, ROOT, SOURCE, START
from tests.support.openid import serving
from tests.support.ports import free_port

pytestmark = pytest.mark.timeout(180)  # dozens of commands, each a process

_BLOCK = re.compile(r"^```\n(\$ .*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"cat ([\w.]+)")
_END = "\x01"


class Shell:
    """One bash, as a reader's. known: what stands on the page, and what it is here."""

    def __init__(self, folder: Path, known: dict[str, str]) -> None:
        self.folder = folder
        self._known = known
        (folder / "bin").mkdir()
        command = folder / "bin" / "porch"
        command.write_text(f'#!/bin/sh\nexec {sys.executable} -m porch "$@"\n', encoding="utf-8")
        command.chmod(0o755)
        environ = {
            "PATH": f"{folder}/bin:{os.environ['PATH']}",
            "PYTHONPATH": str(SOURCE),
            "XDG_RUNTIME_DIR": str(folder),
            "STATE_DIRECTORY": str(folder / "state"),
        }
        self._bash = subprocess.Popen(
            ["bash"],
            cwd=folder,
            env=os.environ | environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._runs: list[subprocess.Popen[bytes]] = []
        self._environ = os.environ | environ

    def run(self, command: str) -> list[str]:
        """What it prints."""
        assert self._bash.stdin is not None
        assert self._bash.stdout is not None
        self._bash.stdin.write(f"{self.here(command)}\nprintf '{_END}\\n'\n")
        self._bash.stdin.flush()
        found = []
        while not (line := self._bash.stdout.readline()).endswith(_END + "\n"):
            assert line, "the shell has ended"
            found.append(line)
        return "".join([*found, line.removesuffix(_END + "\n")]).splitlines()

    def start(self, *words: str, ready: str) -> str:
        """A command that goes on. Returns what it has said by then."""
        out = self.folder / f"out{len(self._runs)}"
        with out.open("wb") as file:
            started = subprocess.Popen(
                [sys.executable, "-m", "porch", *words],
                cwd=self.folder,
                env=self._environ,
                stdout=file,
                stderr=file,
            )
        self._runs.append(started)
        until = monotonic() + START
        while ready not in (said := out.read_text("utf-8")):
            assert started.poll() is None, said
            assert monotonic() < until, said
            sleep(0.05)
        return said

    def here(self, text: str) -> str:
        for written, meant in self._known.items():
            text = text.replace(written, meant)
        return text

    def close(self) -> None:
        for each in reversed(self._runs):
            each.terminate()
            each.wait(PATIENCE)
        assert self._bash.stdin is not None
        assert self._bash.stdout is not None
        self.run("kill $(jobs -p)")
        self._bash.stdin.close()
        self._bash.stdout.close()
        self._bash.wait(PATIENCE)


def commands(page: str) -> Iterator[tuple[str, list[str]]]:
    """Each command of the console blocks, with the lines below it."""
    for block in _BLOCK.findall(page):
        for said in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            first, *lines = said.rstrip("\n").split("\n")
            while lines and lines[0].startswith("> "):
                first += "\n" + lines.pop(0).removeprefix("> ")
            yield first, lines


def is_as(line: str, printed: str) -> bool:
    """`…` on the page stands for anything."""
    return re.fullmatch(".*".join(map(re.escape, line.split("…"))), printed) is not None


def try_out(shell: Shell, page: str) -> int:
    """Run them all; a file that is shown is there from then on. Returns how many outputs were
    compared."""
    compared = 0
    for command, lines in commands(page):
        if lines and (shown := _FILE.fullmatch(command)):
            text = shell.here("\n".join(lines))
            (shell.folder / shown[1]).write_text(text + "\n", encoding="utf-8")
        elif command == "porch run":
            shell.start("run", ready="Ctrl-C stops")
        else:
            printed = shell.run(command)
            wanted = [shell.here(each) for each in lines]
            if wanted:
                compared += 1
                assert len(printed) == len(wanted), (command, printed)
            for line, found in zip(wanted, printed, strict=False):
                assert is_as(line, found), (command, line, found)
    return compared


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Callable[..., Shell]]:
    made: list[Shell] = []

    def start(*, demo: bool = True, **more: str) -> Shell:
        port = str(free_port())
        known = {"127.0.0.1:8080": f"127.0.0.1:{port}", "127.0.0.1%3A8080": f"127.0.0.1%3A{port}"}
        known |= {"127.0.0.1:8099": f"127.0.0.1:{port}"} | more
        found = Shell(tmp_path, known)
        made.append(found)
        if demo:
            said = found.start("demo", ready="Ctrl-C ends the door")
            address = re.search(r"door +http://127\.0\.0\.1:(\d+)/\nbackends +api \S+:(\d+)", said)
            assert address is not None, said
            known["44933"], known["44934"] = address[1], address[2]
        return found

    yield start
    for each in made:
        each.close()


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def test_identity(shell: Callable[..., Shell]) -> None:
    assert try_out(shell(), page("identity.md")) >= 8


def test_browsers(shell: Callable[..., Shell]) -> None:
    assert try_out(shell(), page("browsers.md")) >= 4


def test_logins(shell: Callable[..., Shell]) -> None:
    with serving() as provider:
        known = {"https://accounts.google.com": provider.issuer}
        assert try_out(shell(**known), page("oidc.md")) >= 5


def test_the_admin_door(shell: Callable[..., Shell]) -> None:
    assert try_out(shell(demo=False), page("admin.md")) >= 7


def test_who_may_come_in(shell: Callable[..., Shell]) -> None:
    text = page("access.md")
    assert try_out(shell(demo=False), text[text.index("## See it") :]) >= 5


def test_limits(shell: Callable[..., Shell]) -> None:
    assert try_out(shell(), page("limits.md")) >= 8


def test_bots(shell: Callable[..., Shell]) -> None:
    found = shell(demo=False, **{"8000": str(free_port())})
    assert try_out(found, page("bots.md")) >= 10


def test_hidden_backends(shell: Callable[..., Shell]) -> None:
    assert try_out(shell(**{"9009": str(free_port())}), page("hidden-backends.md")) >= 7


def test_who_the_client_is(shell: Callable[..., Shell]) -> None:
    assert try_out(shell(), page("client-address.md")) >= 11


def test_what_requests_may_say(shell: Callable[..., Shell]) -> None:
    assert try_out(shell(), page("openapi.md")) >= 7


SLOW = "## An attack, and what it does"


def test_one_client_that_takes_all(shell: Callable[..., Shell]) -> None:
    assert try_out(shell(demo=False), page("connections.md").partition(SLOW)[0]) >= 5


@pytest.mark.system
def test_slow_clients(shell: Callable[..., Shell]) -> None:
    """By a tenth of what the page has: 5,000 are in test_slow_attacks.py."""
    found = shell(**{"-c 5000 -r 1000": "-c 500 -r 250"})
    assert try_out(found, page("connections.md").partition(SLOW)[2]) >= 3


def test_overload(shell: Callable[..., Shell]) -> None:
    assert try_out(shell(demo=False, **{"9009": str(free_port())}), page("overload.md")) >= 8


def test_slow_readers(shell: Callable[..., Shell]) -> None:
    found = shell(demo=False, **{"9009": str(free_port())})
    assert try_out(found, page("buffering.md")) >= 2


def test_the_night(shell: Callable[..., Shell]) -> None:
    """Nobody listens at two of its backends, and one takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as hung:
        ports = {"39001": free_port(), "39002": free_port(), "39145": free_port()}
        ports["39003"] = hung.getsockname()[1]
        known = {written: str(port) for written, port in ports.items()}
        assert try_out(shell(**known), page("night.md")) >= 18


@pytest.mark.system
def test_prometheus_in_ten_minutes(shell: Callable[..., Shell]) -> None:
    ports = {written: str(free_port()) for written in ("39001", "39145", "39090")}
    reader = shell(**ports, **{"cp contrib/": f"cp {ROOT}/contrib/"})
    try:
        assert try_out(reader, page("prometheus.md")) >= 9
    finally:
        number = reader.folder / "prometheus.pid"
        if number.exists():
            with suppress(ProcessLookupError):
                os.kill(int(number.read_text("utf-8")), signal.SIGKILL)
