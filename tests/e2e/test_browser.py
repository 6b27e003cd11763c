"""The local authority as its people meet it: by a browser and by curl, before `porch trust` and
after."""

import contextlib
import os
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from porch.certs.entry import Entry
from porch.certs.store import FileStore
from tests.e2e.conftest import Door
from tests.support.echo import EchoOrigin

pytestmark = pytest.mark.system

PATIENCE = 30.0
"""Seconds that a browser may take from its start to its end; it takes 2."""

CONFIG = """\
listen = ["127.0.0.1:0", "https://127.0.0.1:0"]
workers = 1
log = false
[routes]
"shop.localhost" = "127.0.0.1:{origin}"
"127.0.0.1" = "127.0.0.1:{origin}"
"""

NAMES = ("shop.localhost", "127.0.0.1")

SHOWN = "this is the shop"


class Page(NamedTuple):
    """What a browser made of a page. text: as it shows it. errors: what it complained of."""

    text: str
    errors: str


class Browser:
    """Chromium with a home of its own, started anew for each page. more: of its options."""

    def __init__(self, home: Path, *more: str) -> None:
        self._home = home
        self._more = more
        self._count = 0

    def show(self, url: str) -> Page:
        """Open a page with a new profile, so that nothing but the home is remembered."""
        self._count += 1
        options = (
            *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
            *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
            *("--no-proxy-server", f"--user-data-dir={self._home / f'profile{self._count}'}"),
        )
        process = subprocess.Popen(
            ["chromium", *options, *self._more, "--dump-dom", url],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={"PATH": os.environ["PATH"], "HOME": str(self._home)},
            start_new_session=True,  # it is many processes
        )
        try:
            return Page(*process.communicate(timeout=PATIENCE))
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def origin() -> Iterator[EchoOrigin]:
    with EchoOrigin(SHOWN.encode()) as started:
        yield started


@pytest.fixture
def shop(door, home: Path, origin: EchoOrigin) -> Door:
    """A door whose commands act for the user with this home, who has not become root by sudo."""
    environ = {"HOME": str(home), "XDG_DATA_HOME": "", "SUDO_USER": ""}
    started: Door = door(CONFIG.format(origin=origin.port), environ=environ)
    for name in NAMES:
        started.wait_until(lambda name=name: _is_certified(started, name), "the certificate")
    return started


def _root(shop: Door) -> bytes | None:
    found = FileStore(shop.folder / "state").read("local/root")
    return Entry.load(found).chain if found is not None else None


def _is_certified(shop: Door, name: str) -> bool:
    root = _root(shop)
    if root is None:
        return False
    context = ssl.create_default_context(cadata=root.decode())
    try:
        with (
            socket.create_connection(("127.0.0.1", shop.ports[1]), timeout=10) as sock,
            context.wrap_socket(sock, server_hostname=name),
        ):
            return True
    except OSError:
        return False


def _run(shop: Door, word: str) -> str:
    done = shop.porch(word, "--browsers-only")
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_browser_that_refused_the_door_shows_it_when_it_trusts_and_refuses_it_again(
    shop: Door, home: Path, origin: EchoOrigin
) -> None:
    browser = Browser(home)
    url = f"https://shop.localhost:{shop.ports[1]}/"
    refused = browser.show(url)
    assert "ERR_CERT_AUTHORITY_INVALID" in refused.errors
    assert SHOWN not in refused.text
    assert origin.asked == 0

    assert "trusts it; start the browser again" in _run(shop, "trust")
    shown = browser.show(url)
    assert SHOWN in shown.text, shown
    assert "ERR_CERT" not in shown.errors
    assert origin.asked >= 1

    assert "has forgotten it; start the browser again" in _run(shop, "untrust")
    asked = origin.asked
    again = browser.show(url)
    assert "ERR_CERT_AUTHORITY_INVALID" in again.errors
    assert SHOWN not in again.text
    assert origin.asked == asked


def test_a_browser_that_was_never_started_trusts_from_its_first_start(
    shop: Door, home: Path
) -> None:
    assert "trusts it; start the browser again" in _run(shop, "trust")
    for name in NAMES:
        shown = Browser(home).show(f"https://{name}:{shop.ports[1]}/")
        assert SHOWN in shown.text, shown


@pytest.mark.parametrize("name", NAMES)
def test_curl_accepts_the_door_with_its_root_and_refuses_it_without(
    shop: Door, tmp_path: Path, name: str
) -> None:
    pem = _root(shop)
    assert pem is not None
    root = tmp_path / "root.pem"
    root.write_bytes(pem)
    port = shop.ports[1]

    def curl(*words: str) -> "subprocess.CompletedProcess[str]":
        common = ("--silent", "--show-error", "--noproxy", "*", "--max-time", "10")
        resolve = ("--resolve", f"shop.localhost:{port}:127.0.0.1")
        return subprocess.run(
            ["curl", "--disable", *common, *resolve, *words, f"https://{name}:{port}/"],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    accepted = curl("--cacert", str(root))
    assert (accepted.returncode, accepted.stdout) == (0, SHOWN), accepted.stderr
    refused = curl()
    assert (refused.returncode, refused.stdout) == (60, ""), refused.stderr  # CERT_VERIFY
