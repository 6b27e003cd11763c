"""A browser before a door with a cache: what it asks again, and a film that it moves in."""

import io
import threading
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Door
from tests.e2e.test_browser import Browser
from tests.smuggling.strict import Request
from tests.support.site import Site, written

pytestmark = pytest.mark.system

PATIENCE = 20.0
CONFIG = """\
workers = 1
cache_store = {{ memory = true }}
log = {{ format = "json" }}
[routes]
"*" = {{ to = "127.0.0.1:{port}", cache = true }}
"*/wait/*" = {{ to = "127.0.0.1:{port}", cache = false }}
"""
SECONDS = 60

PAGE = b"""<!doctype html><link rel="stylesheet" href="/style.css"><p>the page</p>"""

PLAYER = b"""<!doctype html><p id="said">nothing</p><img src="/wait/shown"><script>
const film = document.createElement("audio");
const tell = text => {
  document.getElementById("said").textContent = text;
  fetch("/wait/done");
};
film.onerror = () => tell("failed");
film.onloadeddata = () => { film.onloadeddata = null; film.currentTime = 50; };
film.onseeked = () => tell("at " + Math.round(film.currentTime) + " of "
  + Math.round(film.duration));
film.preload = "auto";
film.src = "/film.wav";
</script>"""
"""Says where it is when it has moved; the picture is there when that was said, so that the page is
not whole before."""


def _film() -> bytes:
    data = io.BytesIO()
    with wave.open(data, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(44_100)
        file.writeframes(b"\x00\x01\x00\x02" * 44_100 * SECONDS)
    return data.getvalue()


class Shop:
    """A page, its style, and a film of 10 MB that the origin gives only whole."""

    def __init__(self) -> None:
        self._film = _film()
        self._is_done = threading.Event()

    def __call__(self, request: Request) -> bytes:
        path = request.target
        if path == b"/wait/done":
            self._is_done.set()
            return written(request, 204, (), b"")
        if path == b"/wait/shown":
            self._is_done.wait(PATIENCE)
            return written(request, 404, (), b"")
        if path == b"/film.wav":
            fields = ((b"content-type", b"audio/wav"), (b"cache-control", b"max-age=600"))
            return written(request, 200, (*fields, (b"etag", b'"f"')), self._film)
        kind = b"text/css" if path == b"/style.css" else b"text/html"
        for_all = (b"cache-control", b"max-age=0, s-maxage=600, must-revalidate")
        body = b"p{color:red}" if path == b"/style.css" else PAGE
        if path == b"/player":
            body = PLAYER
        return written(request, 200, ((b"content-type", kind), for_all, (b"etag", b'"1"')), body)


@pytest.fixture
def site() -> Iterator[Site]:
    with Site(Shop()) as started:
        yield started


@pytest.fixture
def shop(site: Site, door: Callable[..., Door]) -> Door:
    started: Door = door(CONFIG.format(port=site.port))
    return started


def test_what_a_browser_asks_again_is_answered_by_the_door(
    site: Site, shop: Door, tmp_path: Path
) -> None:
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    browser = Browser(tmp_path, profile)
    for _ in range(2):
        assert "the page" in browser.show(f"{shop.url}/").text
    shop.wait_until(lambda: len(_of(shop, "/style.css")) == 2, "the second visit")
    for target in ("/", "/style.css"):
        assert ['"status":200' in each for each in _of(shop, target)] == [True, False]
        assert '"status":304' in _of(shop, target)[1]
        assert [each.target for each in site.asked].count(target.encode()) == 1


def _of(shop: Door, target: str) -> list[str]:
    """The lines of the log about it."""
    return [line for line in shop.log.splitlines() if f'"target":"{target}"' in line]


def test_a_browser_moves_in_a_film_that_is_fetched_once(
    site: Site, shop: Door, tmp_path: Path
) -> None:
    shown = Browser(tmp_path).show(f"{shop.url}/player")
    assert f"at 50 of {SECONDS}" in shown.text, shown
    assert [each.target for each in site.asked].count(b"/film.wav") == 1
    assert shop.log.count('"status":206') >= 2, shop.log
