"""The pictures in docs/page.md, made of a real door: PORCH_PICTURES=docs/page writes them there.

Without it they are made all the same, and those of the docs are looked at: whether they are all
there, and small.
"""

import os
import re
import socket
import threading
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import ROOT, Door
from tests.smuggling.strict import Request
from tests.support.browsing import admin, browser, looked
from tests.support.ports import free_port
from tests.support.site import Site, written

pytest.importorskip("playwright.sync_api", reason="it steers the browser")
pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

PICTURES = ("now.png", "drain.png", "phone.png")
MOST = 150_000
"""Bytes of one."""
CONFIG = """\
listen = ["127.0.0.1:0"]
workers = 1
log = false
cache_store = {{ memory = true }}
{admin}
[routes]
"shop.example" = {{ to = "shop", cache = true }}
"shop.example/api/*" = {{ to = "api", limit = "100/s per client" }}
"shop.example/images/*" = {{ to = "127.0.0.1:{one}", cache = true }}
"blog.example" = "127.0.0.1:{two}"
"www.shop.example" = "redirect:https://shop.example/"
[pool.shop]
servers = ["127.0.0.1:{one}", "127.0.0.1:{two}"]
[pool.api]
servers = ["127.0.0.1:{one}", "127.0.0.1:{two}", "127.0.0.1:{nobody}"]
"""
ASKED = [
    *(("shop.example", f"/articles/{at}") for at in range(6)),
    *(("shop.example", f"/api/users/{at}") for at in range(5)),
    ("shop.example", "/images/door.jpg"),
    ("blog.example", "/2026/porches"),
    ("blog.example", "/bad"),
    ("www.shop.example", "/"),
]


def answer(request: Request) -> bytes:
    status = 503 if request.target == b"/bad" else 200
    fields = ((b"content-type", b"text/plain"), (b"cache-control", b"max-age=1"))
    return written(request, status, fields, b"hello" * 200)


def load(door: Door, stop: threading.Event) -> None:
    """Some of each, until it is told to stop."""
    with door.connect() as sock:
        for host, path in cycle(ASKED):
            if stop.wait(0.015):
                return
            sock.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            read(sock)


def read(sock: socket.socket) -> None:
    found = b""
    while b"\r\n\r\n" not in found:
        found += sock.recv(65536)
    head, _, body = found.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head)
    left = int(length[1]) - len(body) if length is not None else 0
    while left > 0:
        left -= len(sock.recv(65536))


@pytest.fixture
def shown(door: Callable[..., Door]) -> Iterator[int]:
    """Where the page of a busy door is."""
    port, stop = free_port(), threading.Event()
    with Site(answer) as one, Site(answer) as two:
        words = {"one": one.port, "two": two.port, "nobody": free_port()}
        started = door(CONFIG.format(admin=admin(port), **words))
        loading = threading.Thread(target=load, args=(started, stop), daemon=True)
        loading.start()
        yield port
        stop.set()
        loading.join(10.0)


def test_the_pictures_of_the_docs_are_made_of_a_real_door(shown: int, tmp_path: Path) -> None:
    folder = Path(os.environ.get("PORCH_PICTURES", tmp_path))
    with browser() as chromium:
        wide = {"viewport": {"width": 1100, "height": 760}}
        with looked(chromium, shown, color_scheme="light", **wide) as (page, _):
            _settle(page)
            page.screenshot(path=folder / "now.png")
        low = {"viewport": {"width": 1000, "height": 520}}
        with looked(chromium, shown, color_scheme="dark", **low) as (page, _):
            _settle(page)
            page.get_by_role("button", name=re.compile("Drain api")).first.click()
            page.get_by_role("dialog").wait_for()
            page.screenshot(path=folder / "drain.png")
        small = {"viewport": {"width": 320, "height": 640}}
        with looked(chromium, shown, color_scheme="light", **small) as (page, _):
            _settle(page)
            page.screenshot(path=folder / "phone.png")
    for name in PICTURES:
        for path in (folder / name, ROOT / "docs" / "page" / name):
            data = path.read_bytes()
            assert data.startswith(b"\x89PNG\r\n"), path
            assert len(data) < MOST, path


def _settle(page: Any) -> None:
    page.get_by_text("is out since").wait_for()
    page.get_by_role("table", name="Failed last").get_by_role("button").first.wait_for()
    page.wait_for_timeout(8_000)
