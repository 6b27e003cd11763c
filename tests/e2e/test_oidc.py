"""Logging in at an OpenID provider, by a real door with several workers and a browser with
cookies. With a real provider: test_oidc_provider.py."""

import http.client
import json
import os
import signal
import ssl
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from time import monotonic, sleep, time
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import trustme

from porch.manage.signing import signing_key
from porch.shield.oidc_seal import Sealer
from tests.e2e.conftest import PATIENCE, Door
from tests.support.openid import CLIENT, SECRET, Jar, Provider, serving

Start = Callable[..., Door]
HTML = "text/html,application/xhtml+xml"


class Echo(BaseHTTPRequestHandler):
    """Answers with the fields that it got."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        fields = {name.lower(): value for name, value in self.headers.items()}
        body = json.dumps({"path": self.path} | fields).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged."""


@pytest.fixture
def origin() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        server.daemon_threads = True
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture
def provider() -> Iterator[Provider]:
    with serving() as found:
        yield found


CONFIG = """
workers = 2
debug = true
log = [{{ to = "stdout", format = "json" }}, {{ to = "file:combined.log", format = "combined" }}]

[routes]
"b.test" = {{ to = "127.0.0.1:{origin}" }}
"a.test/open/*" = {{ to = "127.0.0.1:{origin}", auth = false }}
"a.test/ops/*" = {{ to = "127.0.0.1:{origin}", auth = {{ require = {{ groups = "ops" }} }} }}
"a.test" = "127.0.0.1:{origin}"

[site."a.test".auth]
fields = {{ X-Groups = "groups", X-Email = "email" }}

[site."a.test".auth.oidc]
issuer = "{issuer}"
client_id = "{client}"
client_secret = "${{CLIENT_SECRET}}"
renew = "{renew}"
after_logout = "/open/bye"

[site."b.test".auth.oidc]
issuer = "{issuer}"
client_id = "{client}"
client_secret = "${{CLIENT_SECRET}}"
renew = "{renew}"
after_logout = "/open/bye"
"""


def config(provider: Provider, origin: int, renew: str = "1h") -> str:
    return CONFIG.format(origin=origin, issuer=provider.issuer, client=CLIENT, renew=renew)


class Browser:
    """With cookies for each host; it sends what it is told, to one door. tls: of its HTTPS. behind:
    what a proxy between adds to each request."""

    def __init__(self, door: Door, tls: ssl.SSLContext | None = None, **behind: str) -> None:
        self.door = door
        self.tls = tls
        self.behind = behind
        self.jars: dict[str, Jar] = {}

    def ask(
        self, path: str, host: str = "a.test", method: str = "GET", **fields: str
    ) -> tuple[int, Any, dict[str, str]]:
        jar = self.jars.setdefault(host, Jar())
        sent = {"host": host, "accept": HTML} | {
            name.replace("_", "-"): value for name, value in (fields | self.behind).items()
        }
        if jar.kept and "cookie" not in sent:
            sent["cookie"] = str(jar)
        connection = http.client.HTTPConnection("127.0.0.1", self.door.port, timeout=PATIENCE)
        if self.tls is not None:
            connection.sock = self.tls.wrap_socket(self.door.connect(), server_hostname=host)
        connection.request(method, path, headers=sent)
        answer = connection.getresponse()
        body = answer.read()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                jar.take(value)
        found = {name.lower(): value for name, value in answer.getheaders()}
        connection.close()
        return answer.status, json.loads(body) if body[:1] == b"{" else body, found

    def follow(self, location: str) -> tuple[int, Any, dict[str, str]]:
        """To the door, by a URL."""
        parts = urlsplit(location)
        return self.ask(f"{parts.path}?{parts.query}" if parts.query else parts.path, parts.netloc)

    def back(self, location: str) -> str:
        """From the provider, where it has one log in at once."""
        parts = urlsplit(location)
        connection = http.client.HTTPConnection(parts.netloc, timeout=PATIENCE)
        connection.request("GET", f"{parts.path}?{parts.query}")
        found = connection.getresponse().getheader("location")
        connection.close()
        assert found is not None
        return found

    def log_in(self, path: str = "/", host: str = "a.test") -> tuple[int, Any, dict[str, str]]:
        """All of the way, to the page."""
        status, _, fields = self.ask(path, host)
        assert status == 303, status
        status, body, fields = self.follow(self.back(fields["location"]))
        assert status == 303, body
        return self.follow(fields["location"])


@pytest.fixture
def serve(door: Start, provider: Provider, origin: int) -> Callable[..., Door]:
    def start(**more: str) -> Door:
        text = config(provider, origin, **more)
        found = door(text, environ={"CLIENT_SECRET": SECRET})
        found.wait_until(
            lambda: Browser(found).ask("/")[0] == 303 and Browser(found).ask("/")[0] == 303,
            "the provider to be known",
        )
        return found

    return start


def test_a_person_logs_in_and_the_origin_hears_who_it_is(serve: Callable[..., Door]) -> None:
    door = serve()
    browser = Browser(door)
    status, seen, _ = browser.log_in("/deep/page?x=1&y=%2F%2Fevil.test")
    assert status == 200
    assert seen["path"] == "/deep/page?x=1&y=%2F%2Fevil.test"
    assert seen["x-forwarded-user"] == "ann"
    assert seen["x-groups"] == "staff"
    assert seen["x-email"] == "ann@a.test"
    assert "cookie" not in seen, "what the door gave out stays at the door"
    for _ in range(20):  # by either worker
        assert browser.ask("/", cookie=f"own=1; {browser.jars['a.test']}")[1]["cookie"] == "own=1"
    assert browser.ask("/ops/")[0] == 403
    assert "cookie" not in browser.ask("/open/")[1]
    assert browser.ask("/", x_forwarded_user="root")[1]["x-forwarded-user"] == "ann"


def test_by_https_no_neighbour_can_plant_or_read_a_session(
    door: Start, provider: Provider, origin: int, tmp_path: Path
) -> None:
    authority = trustme.CA()
    file = tmp_path / "a.test.pem"
    authority.issue_cert("a.test").private_key_and_cert_chain_pem.write_to_path(file)
    text = config(provider, origin).replace(
        "[routes]", f'[site."a.test"]\ncert = "{file}"\nkey = "{file}"\n[routes]'
    )
    found = door(f'listen = ["https://127.0.0.1:0"]\n{text}', environ={"CLIENT_SECRET": SECRET})
    tls = ssl.create_default_context()
    authority.configure_trust(tls)
    browser = Browser(found, tls)
    found.wait_until(lambda: Browser(found, tls).ask("/")[0] == 303, "the provider to be known")
    assert browser.log_in("/page")[0] == 200
    jar = browser.jars["a.test"]
    ((name, value),) = jar.kept.items()
    assert name.startswith("__Host-porch-login-")
    for line in jar.lines:
        assert "; Path=/; " in line
        assert line.endswith("; HttpOnly; SameSite=Lax; Secure")
    planted = f"{name.removeprefix('__Host-')}={value}"
    assert browser.ask("/", cookie=planted)[0] == 303
    assert browser.ask("/")[0] == 200


TO_HTTPS = {"x_forwarded_proto": "https", "x_forwarded_for": "203.0.113.7"}
TO_HTTP = TO_HTTPS | {"x_forwarded_proto": "http"}


def sent_to_provider(browser: Browser) -> str:
    """Where the provider is to send it back."""
    location = browser.ask("/page")[2]["location"]
    return dict(parse_qsl(urlsplit(location).query))["redirect_uri"]


def test_behind_a_proxy_that_ends_tls_a_login_is_one_by_https(
    door: Start, provider: Provider, origin: int
) -> None:
    text = f'trust = ["127.0.0.1"]\n{config(provider, origin)}'
    found = door(text, environ={"CLIENT_SECRET": SECRET})
    browser = Browser(found, **TO_HTTPS)
    found.wait_until(
        lambda: all(Browser(found, **TO_HTTPS).ask("/")[0] == 303 for _ in range(12)),
        "the provider to be known to each worker",
    )
    assert sent_to_provider(browser) == "https://a.test/.porch/oidc/callback"
    back = browser.back(browser.ask("/page")[2]["location"])
    status, _, fields = browser.follow(back)
    assert (status, fields["location"]) == (303, "https://a.test/page")
    status, seen, _ = browser.follow(fields["location"])
    assert (status, seen["x-forwarded-user"], seen["x-forwarded-proto"]) == (200, "ann", "https")
    jar = browser.jars["a.test"]
    assert all(name.startswith("__Host-porch-login-") for name in jar.kept)
    assert jar.lines
    assert all(each.endswith("; HttpOnly; SameSite=Lax; Secure") for each in jar.lines)
    assert Browser(found, **TO_HTTP).ask("/", cookie=str(jar))[0] == 303, "for HTTPS alone"
    out = {"method": "POST", "origin": "https://a.test"}
    status, _, fields = browser.ask("/.porch/logout", **out)
    assert status == 303
    assert fields["location"].endswith("post_logout_redirect_uri=https%3A%2F%2Fa.test%2Fopen%2Fbye")


def test_a_stranger_and_who_came_to_the_proxy_by_plain_http_log_in_by_that(
    door: Start, provider: Provider, origin: int
) -> None:
    text = config(provider, origin)
    for found, behind in (
        (door(text, environ={"CLIENT_SECRET": SECRET}), TO_HTTPS),
        (door(f'trust = ["127.0.0.1"]\n{text}', environ={"CLIENT_SECRET": SECRET}), TO_HTTP),
    ):
        browser = Browser(found, **behind)
        found.wait_until(
            lambda at=found: all(Browser(at).ask("/")[0] == 303 for _ in range(12)),
            "the provider to be known to each worker",
        )
        assert sent_to_provider(browser) == "http://a.test/.porch/oidc/callback"
        assert not any("Secure" in each for each in browser.jars["a.test"].lines)


def test_scripts_are_told_and_led_nowhere(serve: Callable[..., Door]) -> None:
    door = serve()
    for fields in (
        {"accept": "application/json"},
        {"sec_fetch_mode": "cors"},
        {"x_requested_with": "XMLHttpRequest"},
    ):
        status, _, found = Browser(door).ask("/", **fields)
        assert (status, found["www-authenticate"]) == (401, 'Cookie realm="restricted"')
        assert "set-cookie" not in found
    assert Browser(door).ask("/", method="POST")[0] == 401


def test_several_tabs_log_in_at_once(serve: Callable[..., Door]) -> None:
    browser = Browser(serve())
    places = [browser.ask(f"/tab{n}")[2]["location"] for n in range(4)]
    backs = [browser.back(each) for each in places]
    for number, back in reversed([*enumerate(backs)]):
        status, _, fields = browser.follow(back)
        assert (status, fields["location"]) == (303, f"http://a.test/tab{number}")
    assert browser.ask("/")[0] == 200
    assert len(browser.jars["a.test"].kept) == 1, "the session alone"


def test_what_others_bring_back_is_refused(serve: Callable[..., Door], provider: Provider) -> None:
    door = serve()
    victim, attacker = Browser(door), Browser(door)
    back = attacker.back(attacker.ask("/")[2]["location"])
    assert victim.follow(back)[0] == 400, "login CSRF: another browser's login"
    assert "porch-login" not in str(victim.jars["a.test"])
    assert attacker.follow(back)[0] == 303
    assert attacker.follow(back)[0] == 400, "a code is for once"
    cookie = str(attacker.jars["a.test"])
    assert attacker.ask("/", cookie=cookie)[0] == 200
    assert attacker.ask("/", "b.test", cookie=cookie)[0] == 303, "of another host"
    assert attacker.ask("/", cookie=cookie[:-4] + "AAAA")[0] == 303
    assert attacker.ask("/", cookie=cookie[:60])[0] == 303
    assert attacker.ask("/", cookie=f"{cookie}; {cookie}")[0] == 303


def test_it_goes_on_after_reload_and_restart(
    serve: Callable[..., Door], provider: Provider, origin: int
) -> None:
    door = serve()
    browser = Browser(door)
    browser.log_in()
    half = browser.back(browser.ask("/other", cookie="x=1")[2]["location"])
    assert door.reload() == ""
    assert browser.ask("/")[0] == 200
    assert browser.follow(half)[2]["location"] == "http://a.test/other"
    workers = door.workers
    for each in workers:
        os.kill(each, signal.SIGKILL)
    door.wait_until(
        lambda: len(door.workers) == 2 and not set(door.workers) & set(workers), "new workers"
    )
    door.wait_until(lambda: _is_fine(browser), "the session to hold")


def _is_fine(browser: Browser) -> bool:
    try:
        return browser.ask("/")[0] == 200
    except (OSError, http.client.HTTPException):
        return False


def test_a_session_is_renewed_and_ends_where_the_provider_says_so(
    serve: Callable[..., Door], provider: Provider
) -> None:
    door = serve()
    browser = Browser(door)
    browser.log_in()
    provider.user["groups"] = ["staff", "ops"]
    before = age(browser, due=-1.0)
    assert browser.ask("/")[1]["x-groups"] == "staff, ops"
    assert str(browser.jars["a.test"]) != before
    assert provider.forms[-1]["grant_type"] == "refresh_token"
    asked = len(provider.forms)
    for _ in range(10):
        assert browser.ask("/")[0] == 200
    assert len(provider.forms) == asked
    old = age(browser, due=-1.0)
    threads = [Thread(target=browser.ask, args=("/",), kwargs={"cookie": old}) for _ in range(20)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(provider.forms) - asked in (1, 2), "one a worker"
    assert browser.ask("/", cookie=old)[0] == 200, (
        "what comes late has its session until it is over"
    )
    provider.refreshes.clear()
    age(browser, due=-2.0, until=-1.0)
    assert browser.ask("/", accept="*/*")[0] == 401
    assert browser.ask("/")[0] == 303
    age(browser, due=-2.0, until=-1.0, ends=-1.0)
    assert browser.ask("/", accept="*/*")[0] == 401


def age(browser: Browser, host: str = "a.test", **seconds: float) -> str:
    """Have the times of a session be so many seconds from now, as if it had been long ago: who has
    the door's key can. Returns the cookie."""
    jar = browser.jars[host]
    (file,) = (browser.door.folder / "state").rglob("signing-key*")
    key, problem = signing_key(file.parent)
    assert problem == ""
    name = max(jar.kept, key=lambda each: each.count("-") < 3)
    sealer = Sealer(key, f"oidc session {name.removeprefix('porch-login-')}")
    content = sealer.open(jar.kept[name].encode(), host.encode())
    assert content is not None
    for number, word in enumerate(("due", "until", "ends")):
        if word in seconds:
            content["t"][number] = time() + seconds[word]
    jar.kept[name] = sealer.seal(content, host.encode()).decode()
    return f"{name}={jar.kept[name]}"


def test_logging_out_ends_it_here_and_there(serve: Callable[..., Door], provider: Provider) -> None:
    browser = Browser(serve())
    browser.log_in()
    assert browser.ask("/.porch/logout", sec_fetch_site="cross-site")[0] == 403
    assert browser.ask("/.porch/logout")[0] == 403
    assert browser.ask("/.porch/logout", method="POST", origin="http://evil.test")[0] == 403
    assert browser.ask("/")[0] == 200
    copy = str(browser.jars["a.test"])
    status, _, fields = browser.ask("/.porch/logout", method="POST", origin="http://a.test")
    assert status == 303
    assert fields["location"] == (
        f"{provider.issuer}/end?client_id=door&post_logout_redirect_uri="
        "http%3A%2F%2Fa.test%2Fopen%2Fbye"
    )
    assert browser.jars["a.test"].kept == {}
    assert browser.ask("/")[0] == 303
    assert [browser.ask("/", cookie=copy)[0] for _ in range(8)] == [303] * 8, "at each worker"
    assert browser.door.reload() == ""
    assert [browser.ask("/", cookie=copy)[0] for _ in range(4)] == [303] * 4


def test_a_provider_that_is_away_closes_its_routes_alone_and_is_said_once(
    door: Start, provider: Provider, origin: int
) -> None:
    provider.is_away = True
    found = door(config(provider, origin), environ={"CLIENT_SECRET": SECRET})
    browser = Browser(found)
    assert browser.ask("/open/")[0] == 200
    status, body, fields = browser.ask("/")
    assert status == 503
    assert b"cannot be had" in body
    assert "retry-after" in fields
    said = f"the OpenID provider at {provider.issuer}"
    found.wait_until(lambda: said in found.errors, "the message")
    assert found.errors.count(said) <= 2, "once a worker at most"
    provider.is_away = False
    found.wait_until(
        lambda: all(browser.ask("/")[0] == 303 for _ in range(12)),
        "the provider to be known to each worker",
    )
    assert browser.log_in()[0] == 200


def test_no_secret_is_in_any_log_message_or_page(
    serve: Callable[..., Door], provider: Provider
) -> None:
    door = serve()
    browser = Browser(door)
    location = browser.ask("/page")[2]["location"]
    back = browser.back(location)
    secrets = [SECRET, *str(browser.jars["a.test"]).split("=")[1:]]
    told = dict(each.split("=") for each in urlsplit(back).query.split("&"))
    secrets += [told["code"], told["state"]]
    pages = [browser.follow(back)[1], browser.follow(back)[1]]
    other = Browser(door)
    bad = other.back(other.ask("/")[2]["location"]).replace("state=", "state=x")
    pages.append(other.follow(bad)[1])
    secrets += [*str(browser.jars["a.test"]).split("=")[1:], *provider.refreshes]
    secrets.append(bad.partition("code=")[2].partition("&")[0])
    assert browser.ask("/")[0] == 200
    end = monotonic() + PATIENCE
    while door.log.count("/.porch/oidc/callback") < 3 and monotonic() < end:
        sleep(0.05)
    assert '"/.porch/oidc/callback"' in door.log
    everything = door.log + door.errors + (door.folder / "combined.log").read_text()
    everything += "".join(map(str, pages))
    everything += door.porch("explain", "GET", "http://a.test/").stdout
    everything += str(door.porch("config").stdout)
    assert [each for each in secrets if each.strip('"') in everything] == []
