"""What the page changes at a real door, each by its dialog, and what it says when refused."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import Door
from tests.smuggling.strict import Request
from tests.support.browsing import admin, browser, looked
from tests.support.ports import free_port
from tests.support.site import Site, written

pytest.importorskip("playwright.sync_api", reason="it steers the browser")
pytestmark = pytest.mark.system

REFUSED = re.compile("status of 4(00|12)")
"""The browser says so beside the dialog."""
CONFIG = """\
listen = ["127.0.0.1:0"]
workers = 1
log = false
cache_store = {{ memory = true }}
{admin}
[routes]
"shop.test/*" = {{ to = "web", cache = true }}
"blog.test" = "web"
[pool.web]
servers = ["127.0.0.1:{one}", "127.0.0.1:{other}"]
"""
SECURED = """\
listen = ["https://127.0.0.1:0"]
workers = 1
log = false
{admin}
[routes]
"shop.localhost" = "respond:204"
"""


def answer(request: Request) -> bytes:
    fields = ((b"content-type", b"text/plain"), (b"cache-control", b"max-age=600"))
    return written(request, 200, fields, b"hello")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser() as started:
        yield started


class Shown:
    """A door and its page in a browser."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.page: Any = None

    def row(self, table: str, text: str) -> Any:
        """Of a table, the row that has this."""
        return self.page.get_by_role("table", name=table).get_by_role("row").filter(has_text=text)

    @property
    def dialog(self) -> Any:
        return self.page.get_by_role("dialog")

    def confirm(self, word: str, said: str) -> None:
        """Do what the dialog asks about, and close it when it says so."""
        self.dialog.get_by_role("button", name=word, exact=True).click()
        self.dialog.get_by_role("status").filter(has_text=said).wait_for()
        self.dialog.get_by_role("button", name="Close", exact=True).click()
        assert not self.dialog.is_visible()

    @property
    def orders(self) -> list[str]:
        return [each["order"] for each in self.door.ask("orders")["orders"]]


class Steered(Shown):
    """One with two endpoints in a pool."""

    def __init__(self, door: Callable[..., Door], one: Site, other: Site) -> None:
        self.admin = free_port()
        self.sites = one, other
        self.text = CONFIG.format(admin=admin(self.admin), one=one.port, other=other.port)
        super().__init__(door(self.text))

    def get(self, host: str = "blog.test", path: str = "/") -> httpx.Response:
        return httpx.get(f"{self.door.url}{path}", headers={"host": host})


@pytest.fixture
def steered(door: Callable[..., Door], chromium: Any) -> Iterator[Steered]:
    with Site(answer) as one, Site(answer) as other:
        made = Steered(door, one, other)
        with looked(chromium, made.admin) as (page, said):
            made.page = page
            yield made
            assert [each for each in said if not REFUSED.search(each)] == []


def test_an_endpoint_is_drained_and_undrained(steered: Steered) -> None:
    one, _ = steered.sites
    name = f"web/127.0.0.1:{one.port}"
    row = steered.row("Endpoints", name)
    row.get_by_role("button", name=f"Drain {name}").click()
    steered.dialog.get_by_text("gets no new requests").wait_for()
    steered.dialog.get_by_text("The one other of this pool takes over.").wait_for()
    assert steered.dialog.locator("code").inner_text() == f"porch drain {name}"
    steered.confirm("Drain", f"Drained: {name}")
    assert steered.orders == [f"drained {name}"]
    for _ in range(6):
        steered.get()
    assert one.asked == []
    row.get_by_text("drained").wait_for()
    again = row.get_by_role("button", name=f"Undrain {name}")
    assert again.evaluate("each => each === document.activeElement"), "where it was opened"
    again.click()
    steered.confirm("Undrain", f"Undrained: {name}")
    assert steered.orders == []
    audit = steered.page.get_by_role("table", name="Audit").get_by_role("row")
    audit.filter(has_text=f"undrain endpoint={name}").filter(has_text="ann by session").wait_for()


def test_the_last_of_a_pool_is_drained_with_a_warning(steered: Steered) -> None:
    one, other = steered.sites
    steered.door.ask("drain", endpoint=f"web/127.0.0.1:{other.port}")
    steered.row("Endpoints", f"web/127.0.0.1:{other.port}").get_by_text("drained").wait_for()
    name = f"web/127.0.0.1:{one.port}"
    steered.row("Endpoints", name).get_by_role("button", name=f"Drain {name}").click()
    steered.dialog.get_by_text("will be answered 503").wait_for()
    steered.confirm("Drain", "nobody is left")


def test_an_endpoint_gets_another_weight_and_that_of_the_file_again(steered: Steered) -> None:
    name = f"web/127.0.0.1:{steered.sites[0].port}"
    row = steered.row("Endpoints", name)
    row.get_by_role("button", name=f"Weight {name}").click()
    steered.dialog.get_by_label("Weight, 0 to 1000").fill("7")
    assert steered.dialog.locator("code").inner_text() == f"porch weight {name} 7"
    steered.confirm("Set weight", f"{name}, weight 7")
    assert steered.orders == [f"weight 7 for {name}"]
    row.get_by_role("cell", name="7", exact=True).wait_for()
    row.get_by_role("button", name=f"Weight {name}").click()
    steered.dialog.get_by_label("that of the file again").check()
    steered.confirm("Set weight", "Now:")
    assert steered.orders == []


def test_a_route_is_closed_and_opened(steered: Steered) -> None:
    row = steered.row("Routes", "blog.test")
    row.get_by_role("button", name="Close blog.test").click()
    steered.dialog.get_by_label("Minutes until it opens by itself").fill("5")
    steered.dialog.get_by_role("button", name="Close", exact=True).click()
    steered.dialog.get_by_role("status").filter(has_text="Closed:").wait_for()
    assert steered.get().status_code == 503
    assert steered.orders == ["maintenance of blog.test for 5m"]
    steered.page.keyboard.press("Escape")
    row.get_by_text("closed").wait_for()
    row.get_by_role("button", name="Open blog.test").click()
    steered.confirm("Open", "The route is open.")
    assert steered.get().status_code == 200


def test_the_cache_is_purged(steered: Steered) -> None:
    for _ in range(2):
        steered.get("shop.test", "/a")
    asked = [each.target for site in steered.sites for each in site.asked]
    assert asked == [b"/a"]
    steered.page.get_by_role("button", name="Purge…").click()
    steered.dialog.locator("#purge-kind").select_option("hosts")
    steered.dialog.get_by_label("Which").fill("shop.test")
    assert steered.dialog.locator("code").inner_text() == "porch purge --host shop.test"
    steered.confirm("Purge", "Purged, in every worker.")
    steered.get("shop.test", "/a")
    asked = [each.target for site in steered.sites for each in site.asked]
    assert asked == [b"/a", b"/a"]


def test_the_configuration_is_rolled_back(steered: Steered) -> None:
    steered.door.write(steered.text.replace('"blog.test"', '"news.test"'))
    assert steered.door.reload() == ""
    assert steered.get("news.test").status_code == 200
    steered.row("Routes", "news.test").wait_for()
    steered.page.get_by_role("button", name="Roll back…").click()
    steered.dialog.get_by_text("without closing a connection").wait_for()
    steered.confirm("Roll back", "Rolled back.")
    assert steered.get("news.test").status_code == 404
    steered.row("Routes", "blog.test").wait_for()


def test_a_certificate_is_renewed_where_the_door_gets_it(
    door: Callable[..., Door], chromium: Any
) -> None:
    port = free_port()
    made = door(SECURED.format(admin=admin(port)))
    steered = Shown(made)
    with looked(chromium, port) as (page, said):
        steered.page = page
        row = steered.row("Certificates", "shop.localhost")
        row.get_by_role("button", name="Renew shop.localhost").click()
        steered.dialog.get_by_text("the one of before stays in use").wait_for()
        assert steered.dialog.locator("code").inner_text() == "porch certs renew shop.localhost"
        steered.confirm("Renew", "Renewed:")
        audit = steered.row("Audit", "renew host=shop.localhost")
        audit.filter(has_text="ann by session").filter(has_text="done").wait_for()
        assert said == []
    (entry,) = [each for each in made.ask("audit")["entries"] if each["what"] == "renew"]
    assert (entry["outcome"], list(entry["after"])) == ("done", ["certificate"])
    with looked(chromium, port, "screen") as (page, said):
        steered.page = page
        steered.row("Certificates", "shop.localhost").wait_for()
        assert page.get_by_role("button", name="Renew").count() == 0
        assert said == []


def test_what_was_confirmed_of_another_state_is_not_done_until_it_is_confirmed_again(
    steered: Steered,
) -> None:
    one, other = steered.sites
    name = f"web/127.0.0.1:{one.port}"
    steered.row("Endpoints", name).get_by_role("button", name=f"Drain {name}").click()
    steered.dialog.wait_for()
    steered.door.ask("drain", endpoint=f"web/127.0.0.1:{other.port}")
    steered.dialog.get_by_role("button", name="Drain", exact=True).click()
    told = steered.dialog.get_by_role("status")
    told.filter(has_text="somebody has changed something").wait_for()
    assert steered.orders == [f"drained web/127.0.0.1:{other.port}"]
    steered.dialog.get_by_role("button", name="Look again").click()
    steered.dialog.get_by_text("will be answered 503").wait_for()
    steered.confirm("Drain", f"Drained: {name}")
    assert len(steered.orders) == 2


def test_the_words_are_of_the_state_that_they_are_judged_against(steered: Steered) -> None:
    """What runs changes behind the picture that the page shows, and before the dialog opens."""
    one, other = steered.sites
    name = f"web/127.0.0.1:{one.port}"

    def meanwhile(route: Any) -> None:
        steered.door.ask("drain", endpoint=f"web/127.0.0.1:{other.port}")
        route.continue_()

    steered.page.route("**/v1/orders", meanwhile, times=1)
    steered.row("Endpoints", name).get_by_role("button", name=f"Drain {name}").click()
    steered.dialog.get_by_text("Nobody else of this pool").wait_for()
    steered.confirm("Drain", "nobody is left")


def test_where_it_cannot_be_asked_what_runs_the_picture_is_judged(steered: Steered) -> None:
    one, other = steered.sites
    name = f"web/127.0.0.1:{one.port}"

    def meanwhile(route: Any) -> None:
        steered.door.ask("drain", endpoint=f"web/127.0.0.1:{other.port}")
        route.fulfill(status=400, body="{}")

    steered.page.route("**/v1/orders", meanwhile)
    steered.row("Endpoints", name).get_by_role("button", name=f"Drain {name}").click()
    steered.dialog.get_by_text("The one other of this pool takes over.").wait_for()
    steered.dialog.get_by_role("button", name="Drain", exact=True).click()
    told = steered.dialog.get_by_role("status")
    told.filter(has_text="somebody has changed something").wait_for()
    assert steered.orders == [f"drained web/127.0.0.1:{other.port}"]


def test_nothing_is_done_while_it_is_not_known_what_runs(steered: Steered) -> None:
    name = f"web/127.0.0.1:{steered.sites[0].port}"
    steered.page.route("**/v1/orders", lambda route: route.fulfill(status=400, body="{}"))
    steered.page.evaluate(
        """async () => {
            const { Door } = await import("/door.js");
            Object.defineProperty(Door.prototype, "etag", { get: () => "" });
        }"""
    )
    steered.row("Endpoints", name).get_by_role("button", name=f"Drain {name}").click()
    steered.dialog.get_by_role("button", name="Drain", exact=True).click()
    told = steered.dialog.get_by_role("status")
    told.filter(has_text="Nothing was done: it is not known what runs now").wait_for()
    assert steered.orders == []


def test_what_the_door_refuses_is_told_in_its_words(steered: Steered) -> None:
    name = f"web/127.0.0.1:{steered.sites[0].port}"
    steered.row("Endpoints", name).get_by_role("button", name=f"Weight {name}").click()
    field = steered.dialog.get_by_label("Weight, 0 to 1000")
    field.evaluate("each => { each.removeAttribute('max'); }")
    field.fill("5000")
    steered.dialog.get_by_role("button", name="Set weight").click()
    told = steered.dialog.get_by_role("status")
    told.filter(has_text=re.compile("Nothing was done: .*1000")).wait_for()
    assert steered.orders == []


def test_what_no_route_took_has_no_button_and_serves_nothing(steered: Steered) -> None:
    assert steered.get("nobody.test").status_code == 404
    row = steered.row("Routes", "no-site")
    row.get_by_text("refused").wait_for()
    assert row.get_by_role("button").count() == 0
    assert steered.row("Routes", "blog.test").get_by_role("button").count() == 1
