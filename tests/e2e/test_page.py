"""The page of the admin door in a real browser: what it shows, to whom, and when it cannot."""

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import Door
from tests.smuggling.strict import Request
from tests.support import axe
from tests.support.browsing import admin, browser, looked
from tests.support.ports import free_port
from tests.support.site import Site, written

pytest.importorskip("playwright.sync_api", reason="it steers the browser")
pytestmark = pytest.mark.system

PATIENCE = 15_000
"""Milliseconds that something may take to be on the page."""
CONFIG = """\
listen = ["127.0.0.1:0"]
workers = 1
log = false
[routes]
"shop.test/*" = {{ to = "web" }}
"old.test" = "redirect:https://shop.test/"
'evil.test/~/<svg/onload=x>.*' = "web"
"blog.test" = {{ to = "127.0.0.1:{port}", limit = "1000/s per client" }}
[pool.web]
servers = ["127.0.0.1:{port}", "127.0.0.1:{nobody}"]
"""
BAD = [
    "/<img src=x onerror=document.title='owned'>",
    "/\"><script>document.title='owned'</script>",
    "/javascript:document.title='owned'",
    "/{{7*7}}${7*7}",
    "/%0d%0aset-cookie:x=y",
    "/\u202egnp.exe",
    "/\x1b[31mred",
]
"""What somebody might send who wants to be read as something else."""


def answer(request: Request) -> bytes:
    status = 503 if request.target.startswith(b"/bad") else 200
    return written(request, status, ((b"content-type", b"text/plain"),), b"hello")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser() as started:
        yield started


class Steered:
    """A door with its page. admin: where that is."""

    def __init__(self, door: Callable[..., Door], site: Site) -> None:
        self.admin = free_port()
        self.site = site
        text = CONFIG.format(port=site.port, nobody=free_port())
        self.door = door(text.replace("[routes]", f"{admin(self.admin)}[routes]"))

    def get(self, host: str = "shop.test", path: str = "/", count: int = 1) -> None:
        with httpx.Client() as client:
            for _ in range(count):
                client.get(f"{self.door.url}{path}", headers={"host": host})


@pytest.fixture
def steered(door: Callable[..., Door]) -> Iterator[Steered]:
    with Site(answer) as site:
        yield Steered(door, site)


def test_it_says_what_flows_where_and_what_is_wrong(steered: Steered, chromium: Any) -> None:
    with looked(chromium, steered.admin) as (page, said):
        steered.get(count=20)
        steered.get(path="/bad", count=5)
        steered.get("old.test", count=2)
        page.get_by_text("of all requests fail").wait_for(timeout=PATIENCE)
        page.get_by_text("is out since").wait_for(timeout=PATIENCE)
        routes = page.get_by_role("table", name="Routes")
        routes.get_by_role("row").filter(has_text="shop.test").filter(has_text="failing").wait_for()
        assert "1 of 2 out" in page.locator("#picture svg").inner_html()
        page.get_by_role("table", name="Failed last").get_by_role("button").first.click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_text("shop.test/bad", exact=False).first.wait_for()
        page.keyboard.press("Escape")
        assert not dialog.is_visible()
        assert said == []


def test_of_several_listeners_each_says_what_comes_and_none_which_route_it_goes_to(
    steered: Steered, chromium: Any
) -> None:
    steered.door.write(
        steered.door.file.read_text(encoding="utf-8").replace(
            'listen = ["127.0.0.1:0"]', 'listen = ["127.0.0.1:0", "[::1]:0"]'
        )
    )
    assert steered.door.reload() == ""
    with looked(chromium, steered.admin) as (page, said):
        picture = page.locator("#picture svg")
        picture.get_by_text("no new connections", exact=True).nth(1).wait_for(timeout=PATIENCE)
        wide = picture.locator("path.edge:not([stroke-width='1'])")
        until = time.monotonic() + PATIENCE / 1000
        while wide.count() != 2:  # from the route to its pool, and to the endpoint that answers
            assert time.monotonic() < until
            steered.get(count=3)
            page.wait_for_timeout(300)
        assert picture.get_by_text(re.compile(r"^[0-9]\S* new connections$")).count() == 1
        assert picture.get_by_text("no new connections", exact=True).count() == 1
        assert said == []


def test_who_may_only_look_is_offered_nothing_that_changes_anything(
    steered: Steered, chromium: Any
) -> None:
    with looked(chromium, steered.admin, "screen") as (page, said):
        page.get_by_role("table", name="Endpoints").wait_for()
        page.get_by_text("screen (read only)").wait_for()
        for word in ("Drain", "Weight", "Close", "Purge…", "Roll back…"):
            assert page.get_by_role("button", name=word).count() == 0
        assert said == []
        page.get_by_role("button", name="Log out").click()
        page.get_by_label("Token").wait_for()
        page.goto(f"http://127.0.0.1:{steered.admin}/")
        page.get_by_label("Token").wait_for()


def test_nothing_that_a_client_sends_is_read_as_more_than_text(
    steered: Steered, chromium: Any
) -> None:
    with looked(chromium, steered.admin) as (page, said):
        for each in BAD:
            raw = each.encode()
            target = b"".join(b"%c" % c if 33 <= c < 127 else b"%%%02X" % c for c in raw)
            with steered.door.connect() as sock:
                head = b"GET /bad%b HTTP/1.1\r\nHost: shop.test\r\n" % target.replace(b"/", b"", 1)
                sock.sendall(head + b"User-Agent: <script>x</script>\r\nConnection: close\r\n\r\n")
                while sock.recv(65536):
                    pass
        failed = page.get_by_role("table", name="Failed last")
        failed.get_by_text("onerror").first.wait_for(timeout=PATIENCE)
        failed.get_by_role("button").first.click()
        page.get_by_role("dialog").get_by_text("User-Agent", exact=False).or_(
            page.get_by_role("dialog").get_by_text("user-agent", exact=False)
        ).first.wait_for()
        page.get_by_label("Find").fill("<svg/onload")  # a name in the file that looks like more
        page.get_by_role("table", name="Routes").get_by_text("evil.test/~/<svg").wait_for()
        assert "evil.test/~/<svg" in page.locator("#picture").inner_text()
        assert page.title() == "Porch"
        assert page.locator("main img, main script, dialog script").count() == 0
        assert said == []


def test_it_explains_what_would_become_of_a_request(steered: Steered, chromium: Any) -> None:
    with looked(chromium, steered.admin) as (page, said):
        for url, words in (
            ("http://shop.test/a", ["route     shop.test/*", "asks", "of pool web", "may get it"]),
            ("http://old.test/", ["route     old.test", "answers   the door itself"]),
            ("http://nobody.test/", ["route     no-site"]),
        ):
            page.get_by_label("URL").fill(url)
            page.get_by_role("button", name="Explain").click()
            shown = page.get_by_role("region", name="The explanation")
            shown.filter(has_text=words[0]).wait_for()
            text = shown.inner_text()
            assert [each for each in words if each not in text] == []
        assert steered.site.asked == []
        assert said == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_it_is_fit_for_everybody(
    steered: Steered, chromium: Any, tmp_path: Path, width: int, scheme: str
) -> None:
    script = axe.install(tmp_path)
    size = {"width": width, "height": 640}
    more = {"viewport": size, "color_scheme": scheme, "bypass_csp": True}
    with looked(chromium, steered.admin, reduced_motion="reduce", **more) as (page, _):
        steered.get(count=5)
        steered.get(path="/bad", count=2)
        page.get_by_text("is out since").wait_for(timeout=PATIENCE)
        page.get_by_role("table", name="Failed last").get_by_role("button").first.wait_for()
        assert axe.violations(page, script) == []
        assert page.evaluate("document.documentElement.scrollWidth") == width
        page.get_by_role("button", name=re.compile("Drain web")).first.click()
        page.get_by_role("dialog").wait_for()
        assert axe.violations(page, script) == []
        assert page.evaluate("document.documentElement.scrollWidth") == width


def test_the_keyboard_alone_is_enough(steered: Steered, chromium: Any) -> None:
    with looked(chromium, steered.admin) as (page, _):
        steered.get(count=3)
        page.get_by_role("button", name=re.compile("Drain web")).first.wait_for()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to what is so now"
        for _ in range(60):
            page.keyboard.press("Tab")
            label = page.evaluate("document.activeElement.getAttribute('aria-label') || ''")
            if label.startswith("Drain web"):
                break
        assert label.startswith("Drain web")
        time.sleep(2.5)  # pictures come meanwhile, and leave the focus where it is
        assert page.evaluate("document.activeElement.getAttribute('aria-label')") == label
        page.keyboard.press("Enter")
        page.get_by_role("dialog").wait_for()
        page.keyboard.press("Escape")
        assert page.evaluate("document.activeElement.getAttribute('aria-label')") == label


def test_it_says_loudly_that_it_does_not_know_and_comes_again_by_itself(
    steered: Steered, chromium: Any
) -> None:
    with looked(chromium, steered.admin) as (page, _):
        observer = _observer(steered.door)
        os.kill(observer, signal.SIGSTOP)
        try:
            page.get_by_role("alert").get_by_text("What is shown is of").wait_for(timeout=PATIENCE)
            assert page.locator("#link").inner_text() == "■ stale"
        finally:
            os.kill(observer, signal.SIGCONT)
        page.get_by_text("● live").first.wait_for(timeout=PATIENCE)
        assert not page.locator("#stale").is_visible()


def _observer(door: Door) -> int:
    """The one of its processes that is no worker."""
    workers = {each["pid"] for each in door.ask("status")["workers"]}
    (found,) = [pid for pid in door.workers if pid not in workers]
    return found
