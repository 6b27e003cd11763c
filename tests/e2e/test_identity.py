"""Who is let in, by a real door, and what its origin hears; and that no secret is heard by anybody
else: neither logs nor messages, pages or commands have it."""

import base64
import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from time import time
from typing import Any

import bcrypt
import pytest

from porch.shield.basic_hash import make_hash
from tests.e2e.conftest import PATIENCE, Door
from tests.support.tokens import RSA, SECRET, claims, key_set, signed

Start = Callable[..., Door]

PASSWORD = "correct-horse-battery"
WRONG = "hunter2-is-a-wrong-one"
KEY = "pk_aVeryLongKeyThatIsNeverWrittenDown0123456789"
OTHER_KEY = "pk_anotherKeyThatIsOfNobodyAtAll0123456789abcd"


class Origin(ThreadingHTTPServer):
    """Answers with the fields that it got; /jwks with keys, and /check as forward auth."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.keys = key_set(RSA)
        self.asked_keys = 0
        self.checked: list[dict[str, str]] = []


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Origin

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        fields = {name.lower(): value for name, value in self.headers.items()}
        if self.path == "/jwks":
            self.server.asked_keys += 1
            self._answer(200, self.server.keys)
        elif self.path == "/check":
            self.server.checked.append(fields)
            who = fields.get("cookie", "").removeprefix("sid=")
            if who == "down":
                self._answer(500, b"")
            elif who:
                self._answer(200, b"", ("remote-user", who), ("remote-groups", "a,b"))
            else:
                self._answer(302, b"", ("location", "https://login.test/"))
        else:
            self._answer(200, json.dumps({"path": self.path} | fields).encode())

    do_POST = do_GET

    def _answer(self, status: int, body: bytes, *fields: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in (*fields, ("content-length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged."""


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()


def get(door: Door, host: str, path: str = "/", **fields: str) -> tuple[int, Any, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", door.port, timeout=PATIENCE)
    sent = {name.replace("_", "-"): value for name, value in fields.items()}
    connection.request("GET", path, headers={"host": host} | sent)
    answer = connection.getresponse()
    body = answer.read()
    found = {name.lower(): value for name, value in answer.getheaders()}
    connection.close()
    return answer.status, json.loads(body) if body[:1] == b"{" else body, found


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def token(**more: Any) -> str:
    now = time()
    return "Bearer " + signed(payload=claims(exp=now + 300, iat=now, **more)).decode()


CONFIG = """
workers = 2
debug = true
log = [{{ to = "stdout", format = "json" }}, {{ to = "file:combined.log", format = "combined" }},
       {{ to = "file:pretty.log", format = "pretty" }}]

[routes]
"open.test" = "127.0.0.1:{port}"

[routes."basic.test"]
to = "127.0.0.1:{port}"
auth = {{ basic = {{ ann = "{hashed}" }}, realm = "the shop" }}

[routes."slow.test"]
to = "127.0.0.1:{port}"
auth = {{ basic = {{ ann = "{slow}" }} }}

[routes."key.test"]
to = "127.0.0.1:{port}"

[routes."key.test".auth]
keys = {{ partner = {{ hash = "sha256:{digest}", scopes = ["read"] }} }}
key_query = "api_key"
fields = {{ X-Scope = "scope" }}

[routes."key.test/write/*"]
to = "127.0.0.1:{port}"
auth = {{ require = {{ scope = "write" }}, keys = {{ partner = "sha256:{digest}" }} }}

[routes."jwt.test"]
to = "127.0.0.1:{port}"

[routes."jwt.test".auth]
fields = {{ X-Groups = "groups" }}

[routes."jwt.test".auth.jwt]
jwks = "http://127.0.0.1:{port}/jwks"
issuer = "https://id.test"
audience = "door"

[routes."away.test"]
to = "127.0.0.1:{port}"
auth = {{ jwt = {{ jwks = "http://127.0.0.1:1/jwks", audience = "door" }} }}

[routes."shared.test"]
to = "127.0.0.1:{port}"
auth = {{ jwt = {{ secret = "${{SIGNING}}", audience = "door" }} }}

[routes."forward.test"]
to = "127.0.0.1:{port}"
auth = {{ forward = "http://127.0.0.1:{port}/check", fields = {{ X-Groups = "remote-groups" }} }}

[routes."py.test"]
to = "127.0.0.1:{port}"
auth = "py:shop_auth:who"

[routes."broken.test"]
to = "127.0.0.1:{port}"
auth = "py:shop_auth:nobody_wrote_this"
"""

MODULE = """
async def who(exchange):
    token = exchange.request.get(b"x-token")
    if token == b"boom":
        raise RuntimeError("the database is away")
    return token.decode() if token else None
"""


@pytest.fixture
def serving(door: Start, origin: Origin, tmp_path: Path) -> Door:
    from hashlib import sha256

    folder = tmp_path / "door0"
    text = CONFIG.format(
        port=origin.server_port,
        hashed=bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode(),
        slow=make_hash(PASSWORD.encode()),
        digest=sha256(KEY.encode()).hexdigest(),
    )
    (tmp_path / "shop_auth.py").write_text(MODULE, encoding="utf-8")
    found = door(
        'listen = ["127.0.0.1:0"]\n' + text.replace("file:", f"file:{tmp_path}/"),
        environ={"SIGNING": SECRET, "PYTHONPATH": f"{Path.cwd() / 'src'}:{tmp_path}"},
    )
    assert found.folder == folder
    return found


def test_each_way_lets_in_whom_it_knows_and_nobody_else(serving: Door, origin: Origin) -> None:
    status, _, fields = get(serving, "basic.test")
    assert (status, fields["www-authenticate"]) == (401, 'Basic realm="the shop", charset="UTF-8"')
    assert get(serving, "basic.test", authorization=basic("ann", WRONG))[0] == 401
    assert get(serving, "basic.test", authorization=basic("eve", PASSWORD))[0] == 401
    status, heard, _ = get(
        serving, "basic.test", authorization=basic("ann", PASSWORD), x_forwarded_user="root"
    )
    assert (status, heard["x-forwarded-user"]) == (200, "ann")
    assert "authorization" not in heard

    assert get(serving, "key.test")[0] == 401
    assert get(serving, "key.test", x_api_key=OTHER_KEY)[0] == 401
    status, heard, _ = get(serving, "key.test", x_api_key=KEY)
    assert (status, heard["x-forwarded-user"], heard["x-scope"]) == (200, "partner", "read")
    assert "x-api-key" not in heard
    status, heard, _ = get(serving, "key.test", f"/?a=1&api_key={KEY}")
    assert (status, heard["path"]) == (200, "/?a=1")
    assert get(serving, "key.test", "/write/x", x_api_key=KEY)[0] == 403

    assert get(serving, "jwt.test")[0] == 401
    assert get(serving, "jwt.test", authorization=token(aud="other"))[0] == 401
    for _ in range(4):  # by either worker, and by what is remembered
        status, heard, _ = get(serving, "jwt.test", authorization=token(groups=["a", "b"]))
        assert (status, heard["x-forwarded-user"], heard["x-groups"]) == (200, "ann", "a, b")
        assert "authorization" not in heard
    assert 1 <= origin.asked_keys <= 2
    now = time()
    by_secret = signed(SECRET.encode(), "HS256", payload=claims(exp=now + 300, iat=now)).decode()
    assert get(serving, "shared.test", authorization=f"Bearer {by_secret}")[0] == 200
    assert get(serving, "shared.test", authorization=token())[0] == 401

    assert get(serving, "forward.test")[0] == 302
    status, heard, _ = get(serving, "forward.test", "/a?b", cookie="sid=ann")
    assert (status, heard["x-forwarded-user"], heard["x-groups"]) == (200, "ann", "a, b")
    asked = origin.checked[-1]
    assert (asked["x-forwarded-uri"], asked["x-forwarded-host"]) == ("/a?b", "forward.test")
    assert get(serving, "forward.test", cookie="sid=down")[0] == 503

    assert get(serving, "py.test")[0] == 403
    assert get(serving, "py.test", x_token="ann")[1]["x-forwarded-user"] == "ann"
    assert get(serving, "py.test", x_token="boom")[0] == 503
    assert get(serving, "broken.test", x_token="ann")[0] == 503

    status, heard, _ = get(serving, "open.test", x_forwarded_user="root", x_groups="wheel")
    assert status == 200
    assert "x-forwarded-user" not in heard
    assert "x-groups" not in heard


def test_a_provider_that_cannot_be_reached_closes_its_routes_alone(serving: Door) -> None:
    status, body, fields = get(serving, "away.test", authorization=token())
    assert status == 503
    assert int(fields["retry-after"]) > 0
    assert b"cannot be had" in body
    assert get(serving, "open.test")[0] == 200
    said = "the keys at http://127.0.0.1:1/jwks cannot be had"
    serving.wait_until(lambda: said in serving.errors, "a message")
    for _ in range(5):
        get(serving, "away.test", authorization=token())
    assert serving.errors.count(said) <= 2, "once a worker"


def test_the_log_names_who_it_was(serving: Door, tmp_path: Path) -> None:
    get(serving, "basic.test", authorization=basic("ann", PASSWORD))
    get(serving, "basic.test")
    serving.wait_until(lambda: serving.log.count("\n") >= 2, "two lines")
    users = [json.loads(line)["user"] for line in serving.log.splitlines()]
    assert sorted(users, key=str) == [None, "ann"], "in the order of two workers"
    combined = tmp_path / "combined.log"
    serving.wait_until(lambda: "127.0.0.1 - ann [" in combined.read_text("utf-8"), "its line")


@pytest.mark.timeout(300)  # ten commands, each a process
def test_no_secret_is_in_anything_that_is_said(serving: Door, tmp_path: Path) -> None:
    bearer = token(groups=["a"])
    forged = bearer[:-8] + "AAAAAAAA"
    pages = [
        get(serving, "basic.test", accept="text/html", authorization=basic("ann", PASSWORD))[1],
        get(serving, "basic.test", accept="text/html", authorization=basic("ann", WRONG))[1],
        get(serving, "key.test", f"/?api_key={OTHER_KEY}", accept="text/html")[1],
        get(serving, "key.test", f"/write/?api_key={KEY}", x_api_key=KEY)[1],
        get(serving, "key.test", f"/x?api_key={KEY}")[1],
        get(serving, "open.test", f"/x?api_key={KEY}", referer=f"http://a/?api_key={KEY}")[2],
        get(serving, "jwt.test", authorization=bearer)[1],
        get(serving, "jwt.test", authorization=forged, accept="application/json")[1],
        get(serving, "away.test", authorization=bearer)[1],
        get(serving, "py.test", x_token="boom", authorization=bearer)[1],
    ]
    serving.wait_until(lambda: serving.log.count("\n") >= 10, "ten lines")
    said = [json.dumps(each, default=str) for each in pages]
    for words in (
        ("status",),
        ("status", "--json"),
        ("explain", "GET", "http://key.test/?api_key=" + KEY, "-H", f"X-Api-Key: {KEY}"),
        ("explain", "GET", "http://key.test/write/", "-H", f"X-Api-Key: {KEY}"),
        ("explain", "GET", "http://basic.test/", "-H", f"Authorization: {basic('ann', WRONG)}"),
        ("explain", "GET", "http://jwt.test/", "-H", f"Authorization: {bearer}"),
        ("explain", "GET", "http://shared.test/"),
        ("cache",),
    ):
        done = serving.porch(*words)
        said.append(done.stdout + done.stderr)
    assert serving.reload() == ""
    serving.stop()
    said += [serving.log, serving.errors]
    said += [(tmp_path / f"{each}.log").read_text("utf-8") for each in ("combined", "pretty")]
    secrets = [PASSWORD, WRONG, KEY, OTHER_KEY, SECRET]
    secrets += [basic("ann", each).split()[1] for each in (PASSWORD, WRONG)]
    secrets += [each.split()[1].rpartition(".")[2][:40] for each in (bearer, forged)]
    found = [(secret, text) for secret in secrets for text in said if secret in text]
    assert not found
    assert sum(map(len, said)) > 5000, "there was much to look at"


def statuses(door: Door, host: str, count: int, source: str, **fields: str) -> list[int]:
    """Of so many requests, one after another, each by a connection of its own."""
    found = []
    for number in range(count):
        connection = http.client.HTTPConnection(
            "127.0.0.1", door.port, timeout=PATIENCE, source_address=(source, 0)
        )
        sent = {name: value.replace("{}", str(number)) for name, value in fields.items()}
        with closing(connection):
            connection.request("GET", "/", headers={"host": host} | sent)
            with closing(connection.getresponse()) as answer:
                answer.read()
                found.append(answer.status)
    return found


def test_who_guesses_passwords_is_told_to_wait_and_nobody_else(serving: Door) -> None:
    found = []
    for number in range(60):
        wrong = basic("ann", f"guess{number}")
        found += statuses(serving, "basic.test", 1, "127.0.0.2", authorization=wrong)
    assert found == [401] * 20 + [429] * 40, "by both workers together"
    assert serving.reload() == ""
    wrong = basic("ann", "guess60")
    assert statuses(serving, "basic.test", 4, "127.0.0.2", authorization=wrong) == [429] * 4
    right = basic("ann", PASSWORD)
    assert statuses(serving, "basic.test", 4, "127.0.0.3", authorization=right) == [200] * 4


def test_a_flood_of_wrong_passwords_from_everywhere_leaves_others_alone(serving: Door) -> None:
    done = Event()
    seen: list[int] = []

    def guess(number: int) -> None:
        while not done.is_set():
            wrong = basic("eve", f"{number}.{len(seen)}")
            source = f"127.0.1.{number + 1}"
            with suppress(OSError):
                seen.extend(statuses(serving, "slow.test", 1, source, authorization=wrong))

    threads = [Thread(target=guess, args=(number,), daemon=True) for number in range(100)]
    for each in threads:
        each.start()
    serving.wait_until(lambda: len(seen) > 20, "guesses")
    assert statuses(serving, "open.test", 100, "127.0.0.4") == [200] * 100
    assert statuses(serving, "key.test", 20, "127.0.0.4", **{"x-api-key": KEY}) == [200] * 20
    done.set()
    for each in threads:
        each.join()
    assert set(seen) <= {401, 429, 503}


def test_who_is_taken_out_of_the_file_is_out_at_once(
    door: Start, origin: Origin, tmp_path: Path
) -> None:
    def line(name: str) -> str:
        return f"{name}:{bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()}\n"

    users = tmp_path / "users"
    bob = line("bob")
    users.write_text(line("ann") + bob, encoding="utf-8")
    found = door(
        f'[routes]\n"*" = {{ to = "127.0.0.1:{origin.server_port}", '
        f'auth = {{ basic = "file:{users}" }} }}\n'
    )
    ann, still = basic("ann", PASSWORD), basic("bob", PASSWORD)
    assert get(found, "a.test", authorization=ann)[0] == 200
    users.write_text(bob, encoding="utf-8")
    found.wait_until(lambda: get(found, "a.test", authorization=ann)[0] != 200, "the change")
    assert get(found, "a.test", authorization=still)[0] == 200
    users.write_text("bob:hunter2\n", encoding="utf-8")
    found.wait_until(lambda: "line 1" in found.errors, "the refusal")
    assert get(found, "a.test", authorization=still)[0] == 200, "what ran goes on"
    assert "hunter2" not in found.errors
