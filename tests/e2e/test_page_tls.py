"""The page over HTTPS in a real browser: who logs in with a token, and who has a certificate."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.e2e.conftest import Door
from tests.smuggling.strict import Request
from tests.support.browsing import admin, browser, looked
from tests.support.ports import free_port
from tests.support.site import Site, written

pytest.importorskip("playwright.sync_api", reason="it steers the browser")
pytestmark = pytest.mark.system

CONFIG = """\
listen = ["127.0.0.1:0"]
workers = 1
log = false
{admin}
[routes]
"blog.test" = "web"
[pool.web]
servers = ["127.0.0.1:{one}", "127.0.0.1:{other}"]
"""
WHO = "ann@example.com"


def answer(request: Request) -> bytes:
    return written(request, 200, ((b"content-type", b"text/plain"),), b"hello")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser() as started:
        yield started


class Secured:
    """A door whose page is served over HTTPS, with a certificate for it and one of a client."""

    def __init__(self, door: Callable[..., Door], folder: Path, one: Site, other: Site) -> None:
        self.folder = folder
        people = trustme.CA()
        self._write("door", trustme.CA().issue_cert("127.0.0.1"))
        self._write("ann", people.issue_cert(WHO))
        people.cert_pem.write_to_path(folder / "people.pem")
        self.port = free_port()
        files = (
            f'cert = "{folder}/door.pem", key = "{folder}/door.key", '
            f'client_ca = "{folder}/people.pem", clients = {{ "{WHO}" = "all" }} }}\n'
        )
        words = admin(self.port).rstrip().removesuffix("}") + ", " + files
        self.door = door(CONFIG.format(admin=words, one=one.port, other=other.port))
        self.name = f"web/127.0.0.1:{one.port}"

    def _write(self, name: str, made: trustme.LeafCert) -> None:
        made.private_key_pem.write_to_path(self.folder / f"{name}.key")
        (self.folder / f"{name}.key").chmod(0o600)
        made.cert_chain_pems[0].write_to_path(self.folder / f"{name}.pem")

    @property
    def origin(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def drain(self, page: Any) -> None:
        """By the page's button and its dialog; and the other way round."""
        row = page.get_by_role("table", name="Endpoints").get_by_role("row")
        for word, orders in (("Drain", [f"drained {self.name}"]), ("Undrain", [])):
            button = row.filter(has_text=self.name).get_by_role("button")
            button.and_(page.get_by_role("button", name=f"{word} {self.name}", exact=True)).click()
            dialog = page.get_by_role("dialog")
            dialog.get_by_role("button", name=word, exact=True).click()
            dialog.get_by_role("status").filter(has_text=f"{word}ed: {self.name}").wait_for()
            dialog.get_by_role("button", name="Close", exact=True).click()
            assert [each["order"] for each in self.door.ask("orders")["orders"]] == orders


def test_a_token_and_a_certificate_let_in_over_https_and_steer(
    door: Callable[..., Door], tmp_path: Path, chromium: Any
) -> None:
    with Site(answer) as one, Site(answer) as other:
        secured = Secured(door, tmp_path, one, other)
        trusting = {"scheme": "https", "ignore_https_errors": True}
        with looked(chromium, secured.port, **trusting) as (page, said):
            (cookie,) = page.context.cookies()
            assert cookie["name"] == f"__Host-porch-{secured.port}"
            assert (cookie["secure"], cookie["httpOnly"]) == (True, True)
            secured.drain(page)
            assert said == []
        shown = {
            "origin": secured.origin,
            "certPath": tmp_path / "ann.pem",
            "keyPath": tmp_path / "ann.key",
        }
        trusting |= {"who": "", "client_certificates": [shown]}
        with looked(chromium, secured.port, **trusting) as (page, said):
            assert page.context.cookies() == [], "nobody has logged in"
            page.get_by_text(WHO, exact=False).first.wait_for()
            secured.drain(page)
            assert said == []
        audit = [each["who"] for each in secured.door.ask("audit")["entries"]]
        assert [each.partition(" from ")[0] for each in audit[-4:]] == [
            *["ann by session"] * 2,
            *[f"{WHO} by certificate"] * 2,
        ]
