"""A browser before a door that codes: what it shows, and what it asks again."""

from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from tests.e2e.conftest import Door
from tests.e2e.test_browser import Browser
from tests.smuggling.strict import Request
from tests.support.site import Site, written

pytestmark = pytest.mark.system

PAGE = b'<!doctype html><link rel="icon" href="data:,"><p id="said">no</p><script src="/a.js">'
PAGE += b"</script>" + b"<p>the same words again and again</p>" * 100
SCRIPT = b'document.getElementById("said").textContent = "the script ran";' + b"// more\n" * 500


def page(request: Request) -> bytes:
    kind, body = (
        (b"text/javascript", SCRIPT) if request.target == b"/a.js" else (b"text/html", PAGE)
    )
    lasts = (b"cache-control", b"max-age=0, s-maxage=600, must-revalidate")
    return written(request, 200, ((b"content-type", kind), lasts, (b"etag", b'"1"')), body)


@pytest.mark.parametrize("coding", ["zstd", "gzip", "br"])
@pytest.mark.parametrize("cache", ["false", "true"])
def test_a_browser_shows_what_it_was_sent_in_any_coding(
    coding: str, cache: str, door: Callable[..., Door], tmp_path: Path
) -> None:
    pair = tmp_path / "a.pem"
    trustme.CA().issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(pair)
    with Site(page) as site:
        running = door(
            'listen = ["https://127.0.0.1:0"]\nworkers = 1\nlog = { format = "json" }\n'
            "cache_store = { memory = true }\n[routes]\n"
            f'"localhost" = {{ to = "127.0.0.1:{site.port}", compress = ["{coding}"], '
            f"cache = {cache} }}\n"
            f'[site."localhost"]\ncert = "{pair}"\nkey = "{pair}"\n'
        )
        browser = Browser(tmp_path, "--ignore-certificate-errors")
        shown = browser.show(f"https://localhost:{running.port}/")
    assert "the script ran" in shown.text, shown
    (line,) = of_script(running)
    assert f'"bytes_out":{len(SCRIPT)}' not in line, "it was coded"


def test_a_browser_asks_again_with_the_tag_that_it_was_shown(
    door: Callable[..., Door], tmp_path: Path
) -> None:
    browser = Browser(tmp_path, f"--user-data-dir={tmp_path / 'profile'}")
    with Site(page) as site:
        running = door(
            'workers = 1\nlog = { format = "json" }\ncache_store = { memory = true }\n[routes]\n'
            f'"*" = {{ to = "127.0.0.1:{site.port}", compress = true, cache = true }}\n'
        )
        for _ in range(2):
            assert "the script ran" in browser.show(f"{running.url}/").text
    assert ['"status":304' in each for each in of_script(running)] == [False, True]


def of_script(running: Door) -> list[str]:
    """The lines of the log about it."""
    return [line for line in running.log.splitlines() if '"target":"/a.js"' in line]
