"""No secret is in anything that a door says: logs of each format, messages, pages with `debug`, and
what commands print, of a door that runs and of files that are wrong. As it stands, in Base64 at any
place of a text, in hexadecimal and percent-encoded."""

import base64
import json
import os
import re
import signal
import socket
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from time import time
from urllib.parse import quote

import pytest

from porch.manage.control.operations import OPERATIONS
from porch.shield.basic_hash import make_hash
from tests.e2e.conftest import SOURCE, Client, Door
from tests.smuggling.strict import Request
from tests.support.collector import collecting
from tests.support.ports import free_port
from tests.support.site import Site, written
from tests.support.tokens import SECRET, claims, signed

Start = Callable[..., Door]

PASSWORD, WRONG = "correct-horse-battery~1", "a-wrong-horse-and-battery~2"
KEY, OTHER = "pk_aKeyThatIsNeverWrittenDown012345", "pk_anotherKeyThatIsOfNobody0123456789"
COOKIE, SET = "cookie-of-a-session-4711", "cookie-that-is-set-0815"
QUERY, USER = "a-code-of-a-login-in-a-query", "a-password-in-a-url"
SENT = "what-the-door-shows-to-its-origin"
ADMIN, CLIENT = "admin-4Q3kJ9Zb7mT1xWc8Vd2R", "secret-of-a-client-at-a-provider-8Yh2"
TOKEN = signed(SECRET.encode(), "HS256", payload=claims(exp=time() + 900)).decode()
FORGED = TOKEN.rpartition(".")[0] + ".c2lnbmVkIGJ5IG5vYm9keSBhdCBhbGw"
EXPIRED = signed(SECRET.encode(), "HS256", payload=claims(exp=time() - 900)).decode()

SECRETS = (
    *(PASSWORD, WRONG, KEY, OTHER, COOKIE, SET, QUERY, USER, SENT, SECRET, ADMIN, CLIENT),
    *(each.rpartition(".")[2] for each in (TOKEN, FORGED, EXPIRED)),
    *(each.split(".")[1] for each in (TOKEN, FORGED, EXPIRED)),
)


def spellings(secret: str) -> set[str]:
    """Texts of which one stands wherever somebody wrote the secret."""
    data = secret.encode()
    found = {secret, quote(secret, safe=""), data.hex(), data.hex().upper(), secret[:12]}
    for before in range(3):  # wherever it begins in what is encoded
        coded = base64.b64encode(bytes(before) + data)
        whole = coded[4 if before else 0 : -4].decode()
        found |= {whole, whole.replace("+", "-").replace("/", "_")}
    return found


def leaks(said: str) -> list[str]:
    """The secrets that can be read in it."""
    return [each for each in SECRETS if any(one in said for one in spellings(each))]


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_found_in_each_way_of_writing_it(secret: str) -> None:
    for before in ("", "a", "ab", "abc"):
        both = f"{before}{secret}:after it".encode()
        for coded in (
            both.decode(),
            base64.b64encode(both).decode(),
            base64.urlsafe_b64encode(both).decode(),
            both.hex(),
        ):
            assert leaks(f"so {coded} it is") != []
    assert leaks("nothing of the kind") == []


CONFIG = """
listen = ["127.0.0.1:0"]
h2c = true
workers = 1
debug = true
log = [{{ to = "stdout", format = "json" }},
       {{ to = "file:{folder}/combined.log", format = "combined" }},
       {{ to = "file:{folder}/pretty.log", format = "pretty" }}]

[routes]
"open.test" = {{ to = "127.0.0.1:{port}", cache = true }}
"away.test" = "127.0.0.1:1"
"sent.test" = {{ to = "127.0.0.1:{port}", headers = {{ request = {{ X-Key = "${{SENT}}" }} }} }}
"when.test" = {{ to = "127.0.0.1:{port}", when = {{ header = {{ x-api-key = "${{SENT}}" }} }} }}
"kept.test" = {{ to = ["127.0.0.1:{port}"], sticky = {{ secret = "${{SIGNING}}" }} }}
"rate.test" = {{ to = "127.0.0.1:{port}", limit = "1/h per header X-Api-Key" }}

[routes."basic.test"]
to = "127.0.0.1:{port}"
auth = {{ basic = {{ ann = "{hashed}" }} }}

[routes."key.test"]
to = "127.0.0.1:{port}"

[routes."key.test".auth]
keys = {{ ann = "sha256:{digest}" }}
key_query = "api_key"
require = {{ scope = "x" }}

[routes."jwt.test"]
to = "127.0.0.1:{port}"
auth = {{ jwt = {{ secret = "${{SIGNING}}", audience = "door", cookie = "sid" }} }}

[routes."forward.test"]
to = "127.0.0.1:{port}"
auth = {{ forward = "http://127.0.0.1:1/check" }}
"""


@pytest.fixture
def origin() -> Iterator[Site]:
    """It sets a cookie, and sends to a URL that has secrets."""

    def answer(request: Request) -> bytes:
        location = f"https://ann:{USER}@a.test/?code={QUERY}".encode()
        fields = ((b"set-cookie", f"sid={SET}".encode()), (b"location", location))
        return written(request, 302, fields, b"elsewhere")

    with Site(answer) as site:
        yield site


@pytest.fixture
def running(door: Start, origin: Site, tmp_path: Path) -> Door:
    text = CONFIG.format(
        port=origin.port,
        folder=tmp_path,
        hashed=make_hash(PASSWORD.encode()),
        digest=sha256(KEY.encode()).hexdigest(),
    )
    made: Door = door(text, environ={"SIGNING": SECRET, "SENT": SENT})
    return made


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"ann:{password}".encode()).decode()


SHOWN: tuple[tuple[str, str, str], ...] = (
    *((host, "/", basic(PASSWORD)) for host in ("open.test", "basic.test", "away.test")),
    *((host, "/", basic(WRONG)) for host in ("open.test", "basic.test", "key.test", "jwt.test")),
    *(("jwt.test", "/", f"Bearer {each}") for each in (TOKEN, FORGED, EXPIRED)),
    *(("away.test", "/", f"Bearer {each}") for each in (TOKEN, FORGED, EXPIRED)),
    *((host, f"/x?token={TOKEN}&a=1", "") for host in ("open.test", "away.test", "no.test")),
    *((host, f"/x?a={TOKEN}", "") for host in ("open.test", "away.test", "no.test")),
    *((host, f"/x?api_key={KEY}", "") for host in ("open.test", "away.test", "key.test")),
    ("key.test", f"/x?api%5fkey={KEY}", ""),
    ("key.test", f"/x?a=1&api_key={OTHER}&code={QUERY}", ""),
    ("open.test", f"/x;jsessionid={COOKIE}?code={QUERY}", ""),
    ("open.test", f"/..%2f?next=%2fa%3fcode%3d{QUERY}", ""),
    ("sent.test", "/", ""),
    ("when.test", "/", ""),
    ("kept.test", "/", ""),
    ("rate.test", "/", ""),
    ("rate.test", "/", ""),
    ("forward.test", f"/?code={QUERY}", basic(PASSWORD)),
)


def show(door: Door) -> str:
    """Send them all, as browsers, programs and curl, and what is broken; return the pages."""
    said = []
    for accept in ("text/html", "application/json", "text/plain"):
        for host, target, authorization in SHOWN:
            fields = [
                f"Accept: {accept}",
                f"Cookie: sid={COOKIE}; t={COOKIE}",
                f"X-Api-Key: {OTHER}",
                f"Proxy-Authorization: {basic(PASSWORD)}",
                f"Referer: https://ann:{USER}@a.test/?api_key={KEY}&code={QUERY}",
            ]
            fields += [f"Authorization: {authorization}"] * bool(authorization)
            said.append(
                _page(door, "\r\n".join([f"GET {target} HTTP/1.1", f"Host: {host}", *fields]))
            )
    for broken in (
        f"GET /?code={QUERY} HTTP/1.1\r\nHost: a\r\nHost: b\r\nAuthorization: {basic(PASSWORD)}",
        f"GET http://ann:{USER}@open.test/ HTTP/1.1\r\nHost: open.test",
        f"GET / HTTP/1.1\r\nHost: ann:{USER}@open.test",
        f"GET / HTTP/1.1\r\nHost: open.test\r\nAuthorization : {basic(PASSWORD)}",
        f"GET / HTTP/1.1\r\nHost: open.test\r\nX-Api-Key: {KEY}\x00",
    ):
        said.append(_page(door, broken))
    return "\n".join(said)


def _page(door: Door, head: str) -> str:
    """What is answered, but for what the origin itself says to its client."""
    client = Client(door)
    answer = client.send(head.encode("latin-1") + b"\r\nConnection: close\r\n\r\n").read_rest()
    client.close()
    return "" if b" 302 " in answer[:15] else answer.decode("latin-1")


COMMANDS: tuple[tuple[str, ...], ...] = (
    ("status",),
    ("status", "--json"),
    ("explain", "GET", f"http://ann:{USER}@key.test/?api_key={KEY}", "-H", f"X-Api-Key: {KEY}"),
    ("explain", "GET", f"http://open.test/?code={QUERY}", "-H", f"Cookie: sid={COOKIE}"),
    ("explain", "GET", "http://basic.test/", "-H", f"Authorization: {basic(WRONG)}"),
    ("explain", "GET", "http://jwt.test/", "-H", f"Authorization: Bearer {TOKEN}"),
    ("explain", "GET", "http://sent.test/", "-H", f"X-Api-Key: {SENT}"),
    ("explain", "GET", "http://when.test/"),
    ("explain", "GET", "http://kept.test/"),
    ("cache",),
    ("reload",),
)


@pytest.mark.timeout(300)  # a dozen commands, each a process
def test_no_secret_is_in_what_a_door_and_its_commands_say(running: Door, tmp_path: Path) -> None:
    pages = show(running)
    assert leaks(pages) == []
    assert pages.count("HTTP/1.1 401") >= 9
    for words in COMMANDS:
        if words == ("reload",):
            text = running.file.read_text("utf-8").replace("${SENT}", f"x{SENT}")
            running.write(text.replace("${SIGNING}", SECRET + "2").replace("debug = true", ""))
        done = running.porch(*words)
        assert leaks(done.stdout + done.stderr) == [], words
    show(running)
    done = running.porch("check")
    assert leaks(done.stdout + done.stderr) == []
    running.stop()
    said = [running.log, running.errors]
    said += [(tmp_path / f"{each}.log").read_text("utf-8") for each in ("combined", "pretty")]
    assert leaks("\n".join(said)) == []
    assert all(each.count("/x?") > 10 for each in (said[0], *said[2:])), "there was much to see"
    assert all(json.loads(line) for line in running.log.splitlines())


TOP = """
metrics = "127.0.0.1:{metrics}"
traces = "{collector}"
[admin]
listen = "127.0.0.1:{admin}"
tokens = {{ ann = "${{ADMIN}}" }}
[routes]
"own.test" = {{ to = "127.0.0.1:1", auth = "py:broken_who:who" }}
"asked.test" = {{ to = "127.0.0.1:1", challenge = {{ secret = "${{SIGNING}}" }} }}
"""
LOGIN = """
[routes."past.test"]
to = "127.0.0.1:1"
cache = {{ bypass = {{ header = {{ x-a = "${{SENT}}" }} }} }}
[routes."new.test"]
to = ["127.0.0.1:1"]
canary = {{ to = "127.0.0.1:2", header = {{ x-a = "${{SENT}}" }} }}
[routes."login.test"]
to = "127.0.0.1:1"
[routes."login.test".auth.oidc]
issuer = "http://127.0.0.1:1"
client_id = "a"
client_secret = "${{CLIENT}}"
"""
BROKEN = """
def who(exchange):
    password = exchange.request.get(b"authorization")
    raise LookupError(len(password or b""))
"""
"""A defect of the operator's own: its traceback is told, without what it had in its hands."""
LOOKS = [each for each in OPERATIONS.values() if not each.changes]
WORDS = {
    "explain": {
        "url": f"http://ann:{USER}@key.test/?api_key={KEY}",
        "headers": [f"X-Api-Key: {KEY}"],
    },
    "kept": {"primary": "00" * 16},
    "trace": {"id": "last-error"},
}
HOSTS = sorted(re.findall(r'"(\w+\.test)"', CONFIG + TOP + LOGIN))
PATHS = ("/", "/login", "/v1/session", "/v1/events", *(each.path for each in LOOKS))


def asked(port: int, path: str) -> str:
    """What an address beside the door answers, with its fields; of a stream how it begins."""
    with socket.create_connection(("127.0.0.1", port), 10) as client:
        head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {ADMIN}"
        client.sendall(f"{head}\r\nConnection: close\r\n\r\n".encode())
        said = b""
        while piece := client.recv(65536):
            said += piece
            if path == "/v1/events" and said.count(b"\ndata:") > 2:
                break
        return said.decode("utf-8", "replace")


@pytest.mark.timeout(150)
def test_nor_in_what_is_seen_beside_it(door: Start, origin: Site, tmp_path: Path) -> None:
    """All that only looks, by the control socket and by the admin door; its page and its events,
    metrics, traces, what is captured, the audit, the stacks of a worker, and a traceback."""
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="the extra porch[otel]")
    metrics, admin = free_port(), free_port()
    (tmp_path / "broken_who.py").write_text(BROKEN, encoding="utf-8")
    with collecting() as collector:
        top = TOP.format(metrics=metrics, admin=admin, collector=collector.url)
        text = CONFIG.replace("[routes]\n", top.replace("{", "{{").replace("}", "}}"), 1) + LOGIN
        running = door(
            text.format(
                port=origin.port,
                folder=tmp_path,
                hashed=make_hash(PASSWORD.encode()),
                digest=sha256(KEY.encode()).hexdigest(),
            ),
            environ={
                "SIGNING": SECRET,
                "SENT": SENT,
                "ADMIN": ADMIN,
                "CLIENT": CLIENT,
                "PYTHONPATH": f"{SOURCE}:{tmp_path}",
            },
        )
        assert "error" not in running.ask("capture", client="127.0.0.1")
        pages = show(running)
        for host in ("own.test", "asked.test", "login.test"):
            head = f"GET /?code={QUERY} HTTP/1.1\r\nHost: {host}\r\nAccept: text/html"
            pages += _page(running, f"{head}\r\nAuthorization: {basic(PASSWORD)}")
        assert leaks(pages) == []
        for each in LOOKS:
            assert leaks(json.dumps(running.ask(each.name, **WORDS.get(each.name, {})))) == [], each
        for host in HOSTS:
            told = running.ask("explain", url=f"http://{host}/", headers=[f"X-A: {SENT}"])
            assert leaks(json.dumps(told)) == [], host
        seen = {path: asked(admin, path) for path in PATHS}
        seen |= {path: asked(metrics, path) for path in ("/metrics", "/status", "/")}
        assert {path: leaks(said) for path, said in seen.items() if leaks(said)} == {}
        assert sum(said.startswith("HTTP/1.1 200") for said in seen.values()) > 10, seen.keys()
        assert "data:" in seen["/v1/events"]
        for words in (("trace", "last-error"), ("audit",), ("doctor",), ("certs",)):
            done = running.porch(*words)
            assert leaks(done.stdout + done.stderr) == [], words
        running.wait_until(lambda: len(collector.spans) > 50, "traces")
        assert leaks(repr(collector.spans) + repr(collector.requests)) == []
        os.kill(running.workers[0], signal.SIGUSR2)
        running.stop()
    assert leaks(running.log + running.errors) == []
    assert "LookupError" in running.errors, "it was told with its traceback"


WRONG_FILES = (
    f'"a.test" = {{ to = ":1", auth = {{ basic = {{ ann = "{PASSWORD}" }} }} }}',
    f'"a.test" = {{ to = ":1", auth = {{ basic = {{ ann = "$apr1${PASSWORD}" }} }} }}',
    f'"a.test" = {{ to = ":1", auth = {{ basic = "ann:{PASSWORD}" }} }}',
    '"a.test" = { to = ":1", auth = { basic = "file:users" } }',
    f'"a.test" = {{ to = ":1", auth = {{ keys = {{ ann = "{KEY}" }} }} }}',
    f'"a.test" = {{ to = ":1", auth = {{ keys = "{KEY}" }} }}',
    f'"a.test" = {{ to = ":1", auth = {{ keys = {{ ann = "sha256:{KEY}" }} }} }}',
    f'"a.test" = {{ to = ":1", auth = {{ keys = {{ ann = {{ hash = "{KEY}", scopes = 1 }} }} }} }}',
    f'"a.test" = {{ to = ":1", auth = {{ jwt = {{ secret = "{SECRET}", audience = "a" }} }} }}',
    f'"a.test" = {{ to = ":1", auth = {{ jwt = {{ secret = ["{SECRET}"], audience = "a" }} }} }}',
    '"a.test" = { to = ":1", auth = { jwt = { secret = "${SENT}", algorithms = ["RS256"] } } }',
    '"a.test" = { to = ":1", sticky = { secret = "${SENT}", nam = "x" } }',
    '"a.test" = { to = ":1", headers = { request = { Authorization = ["${SENT}"] } } }',
    '"a.test" = { to = ":1", headers = { request = { Authorization = "${SENT}\\n" } } }',
    '"a.test" = { to = ":1", when = { header = { x-api-key = "~(${SENT}" } } }',
    f'"a.test" = {{ to = "http://ann:{USER}@10.0.0.1" }}',
    f'"a.test" = {{ to = ":1", auth = {{ forward = "http://ann:{USER}@10.0.0.1/" }} }}',
    f'"a.test" = {{ to = ":1", auth = {{ jwt = {{ jwks = "http://ann:{USER}@10.0.0.1/" }} }} }}',
    f'"a.test" = {{ to = ":1", auth = {{ jwt = {{ jwks = "x:/?token={QUERY}" }} }} }}',
)


@pytest.mark.parametrize("line", WRONG_FILES)
def test_no_secret_is_in_what_check_says_of_a_wrong_file(
    line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from porch.cli.check import check_file

    monkeypatch.setenv("SENT", SENT)
    (tmp_path / "users").write_text(f"ann:{PASSWORD}\n{PASSWORD}\n", encoding="utf-8")
    file = tmp_path / "porch.toml"
    file.write_text(f'listen = ["127.0.0.1:8080"]\n[routes]\n{line}\n', encoding="utf-8")
    check_file(file)
    printed = capsys.readouterr()
    assert printed.err or printed.out
    assert leaks(printed.err + printed.out) == []
