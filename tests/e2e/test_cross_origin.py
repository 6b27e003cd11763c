"""CORS and CSRF at a real door: spellings of origins, what caches keep, a browser's own mind."""

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from tests.e2e.conftest import Client, Door
from tests.e2e.test_browser import Browser
from tests.smuggling.strict import Request
from tests.support.h2_socket import H2Socket
from tests.support.origin_tricks import OTHERS, OWN, TRUSTED
from tests.support.site import Site, written

AUTHORITY = trustme.CA()
ALLOWED = b"access-control-allow-origin"


def answered(request: Request) -> bytes:
    """An origin that lets everybody read, as many do by mistake."""
    fields = (
        (ALLOWED, b"*"),
        (b"access-control-allow-credentials", b"true"),
        (b"cache-control", b"max-age=600"),
        (b"content-type", b"text/plain"),
    )
    return written(request, 200, fields, b"changed by " + request.method)


@pytest.fixture
def api() -> Iterator[Site]:
    with Site(answered) as site:
        yield site


@pytest.fixture
def running(door: Callable[..., Door], api: Site, tmp_path: Path) -> Door:
    pair = tmp_path / "pair.pem"
    AUTHORITY.issue_cert("a.test").private_key_and_cert_chain_pem.write_to_path(pair)
    origins = ", ".join(f'"{each}"' for each in OWN)
    to = f'to = "127.0.0.1:{api.port}"'
    made: Door = door(
        'listen = ["127.0.0.1:0", "https://127.0.0.1:0"]\nworkers = 1\nlog = false\n'
        "cache_store = { memory = true }\n[routes]\n"
        f'"*/cors/*" = {{ {to}, cors = {{ origins = [{origins}], credentials = true }} }}\n'
        f'"*/kept/*" = {{ {to}, cache = true, cors = [{origins}] }}\n'
        f'"*/csrf/*" = {{ {to}, csrf = [{origins}] }}\n'
        f'"*/broken/*" = {{ to = "127.0.0.1:1", cors = [{origins}] }}\n'
        f'"*/once/*" = {{ {to}, cors = [{origins}], limit = "1/h per client" }}\n'
        f'[site."a.test"]\ncert = "{pair}"\nkey = "{pair}"\n'
    )
    return made


def ask(
    client: Client, target: bytes, *fields: bytes, method: bytes = b"GET"
) -> tuple[int, bytes, bytes]:
    lines = [b"%b %b HTTP/1.1" % (method, target), b"Host: a.b", *fields]
    lines += [b"Content-Length: 0"] * (method == b"POST")
    return client.send(b"\r\n".join([*lines, b"", b""])).read_answer()


def values(head: bytes, name: bytes) -> list[bytes]:
    lines = (line.partition(b": ") for line in head.split(b"\r\n"))
    return [value for each, _, value in lines if each.lower() == name]


PREFLIGHT = (b"Access-Control-Request-Method: PUT", b"Access-Control-Request-Headers: x-a")


def test_no_spelling_of_an_origin_is_let_read(running: Door, client, api: Site) -> None:
    assert len(OTHERS) >= 60
    asking = client(running)
    passes = []
    for origin in OTHERS:
        _, head, _ = ask(asking, b"/cors/x", b"Origin: " + origin)
        before = len(api.asked)
        status, refused, _ = ask(
            asking, b"/cors/x", b"Origin: " + origin, *PREFLIGHT, method=b"OPTIONS"
        )
        if values(head, ALLOWED) or values(refused, ALLOWED) or status != 403:
            passes.append(origin)
        assert len(api.asked) == before, "a preflight reached the origin"
        assert values(head, b"access-control-allow-credentials") == []
        assert [b"origin" in each.lower() for each in values(head, b"vary")] == [True]
    assert passes == []


def test_those_that_are_named_are(running: Door, client, api: Site) -> None:
    asking = client(running)
    for origin in TRUSTED:
        _, head, _ = ask(asking, b"/cors/x", b"Origin: " + origin)
        assert values(head, ALLOWED) == [origin], "the door's, and none of the origin's"
        before = len(api.asked)
        status, head, _ = ask(
            asking, b"/cors/x", b"Origin: " + origin, *PREFLIGHT, method=b"OPTIONS"
        )
        assert (status, values(head, ALLOWED), len(api.asked)) == (204, [origin], before)
        assert values(head, b"access-control-allow-headers") == [b"x-a"]


def test_a_stored_answer_says_the_origin_of_who_asks_now(running: Door, client, api: Site) -> None:
    asking = client(running)
    for origin in (*TRUSTED, b"https://evil.com", None, *TRUSTED):
        fields = [b"Origin: " + origin] if origin is not None else []
        _, head, _ = ask(asking, b"/kept/x", *fields)
        assert values(head, ALLOWED) == ([origin] if origin in TRUSTED else [])
        assert [b"origin" in each.lower() for each in values(head, b"vary")] == [True]
    assert len(api.asked) == 1, "they were stored, and for all"


def test_a_page_is_told_why_there_is_no_answer(running: Door, client) -> None:
    status, head, body = ask(client(running), b"/broken/x", b"Origin: " + TRUSTED[0])
    assert (status, values(head, ALLOWED)) == (502, [TRUSTED[0]])
    assert b"connection_refused" in body


def test_one_that_comes_too_often_can_be_told_so(running: Door, client) -> None:
    asking = client(running)
    said = [ask(asking, b"/once/x", b"Origin: " + TRUSTED[0])[:2] for _ in range(2)]
    assert [status for status, _ in said] == [200, 429]
    assert [values(head, ALLOWED) for _, head in said] == [[TRUSTED[0]]] * 2


def test_no_page_of_another_site_changes_anything(running: Door, client, api: Site) -> None:
    asking = client(running)
    passes = []
    for origin in OTHERS:
        for site in ((), (b"Sec-Fetch-Site: cross-site",)):
            status, _, _ = ask(asking, b"/csrf/x", b"Origin: " + origin, *site, method=b"POST")
            passes += [origin] * (status != 403)
    assert passes == []
    assert api.asked == []
    for origin in TRUSTED:
        assert ask(asking, b"/csrf/x", b"Origin: " + origin, method=b"POST")[0] == 200
    assert ask(asking, b"/csrf/x", b"Origin: http://a.b", method=b"POST")[0] == 200
    assert ask(asking, b"/csrf/x", method=b"POST")[0] == 200
    assert ask(asking, b"/csrf/x", b"Origin: https://evil.com")[0] == 200


def test_nor_by_http_2(running: Door, api: Site) -> None:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    passes = []
    with H2Socket(running.ports[1], context) as asking:
        for origin in OTHERS:
            field = (b"origin", origin)
            answer = asking.answered(asking.asks(b"/csrf/x", field, method=b"POST"))
            read = asking.answered(asking.asks(b"/cors/x", field))
            passes += [origin] * (answer.status != 403 or ALLOWED in dict(read.fields))
        own = asking.answered(
            asking.asks(b"/csrf/x", (b"origin", b"https://a.test"), method=b"POST")
        )
        trusted = asking.answered(asking.asks(b"/cors/x", (b"origin", TRUSTED[0])))
    assert passes == []
    assert own.status == 200
    assert dict(trusted.fields)[ALLOWED] == TRUSTED[0]


PAGE = b"""<!doctype html><link rel="icon" href="data:,"><pre id="said">nothing</pre><script>
const said = [], box = document.getElementById("said")
async function ask(name, port, path, how) {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, how)
    said.push(`${name}: ${answer.status} ${await answer.text()}`)
  } catch (error) { said.push(`${name}: ${error.name}`) }
  box.textContent = said.join("; ")
}
(async () => {
  const put = {method: "PUT", headers: {"x-a": "1"}}
  await ask("may", PORT, "/may/x", put)
  await ask("may not", PORT, "/may-not/x", put)
  await ask("may not read", PORT, "/may-not/x", {})
  await ask("forged", PORT, "/csrf/x", {method: "POST", mode: "no-cors", body: "a=1"})
  await ask("error", PORT, "/broken/x", {})
})()
</script>"""


@pytest.mark.system
def test_a_browser_takes_it_so(door: Callable[..., Door], api: Site, tmp_path: Path) -> None:
    """A page of one port asks a door on another, which is another origin to a browser."""
    pages: list[bytes] = []

    def page(request: Request) -> bytes:
        return written(request, 200, ((b"content-type", b"text/html"),), pages[0])

    with Site(page) as shop:
        to = f'to = "127.0.0.1:{api.port}"'
        own = f"http://127.0.0.1:{shop.port}"
        running = door(
            "workers = 1\nlog = false\n[routes]\n"
            f'"*/may/*" = {{ {to}, cors = ["{own}"] }}\n'
            f'"*/may-not/*" = {{ {to}, cors = ["https://b.test"] }}\n'
            f'"*/csrf/*" = {{ {to}, csrf = true }}\n'
            f'"*/broken/*" = {{ to = "127.0.0.1:1", cors = ["{own}"] }}\n'
        )
        pages.append(PAGE.replace(b"PORT", b"%d" % running.port))
        text = Browser(tmp_path, "--virtual-time-budget=20000").show(f"{own}/").text
    assert "may: 200 changed by PUT" in text, text
    assert "may not: TypeError" in text
    assert "may not read: TypeError" in text
    assert "error: 502" in text, "the page of the door can be read"
    asked = [(each.method, each.target) for each in api.asked]
    assert (b"PUT", b"/may/x") in asked
    assert (b"PUT", b"/may-not/x") not in asked, "its preflight was refused"
    assert not [each for each in asked if each[1] == b"/csrf/x" or each[0] == b"OPTIONS"]
