"""What `porch explain` says of the cache; the door that runs is not there."""

from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
import trustme

from porch.cache.entry import MUST_REVALIDATE, Entry, encoded
from porch.cache.key import digest
from porch.cache.shelf import name_of
from porch.cache.vary import chosen
from porch.cli import explain_cache as module
from porch.cli.explain import explain_request
from porch.http.message import RequestHead
from porch.manage.control.client import NotRunning

FILE = """\
listen = ":80"
cache = { ttl = "1h", key = { ignore_query = "tracking", cookies = ["theme"] } }
[routes]
"a.test" = ":3000"
"a.test/off/*" = { to = ":3000", cache = false }
"a.test/own/*" = { to = ":3000", cache = { key = { py = "shop:part" } } }
"a.test/past/*" = { to = ":3000", cache = { bypass = { cookie = { sid = true } } } }
"b.test" = { to = ":3000", when = { header = { x-beta = "1" } } }
"r.test" = "redirect:https://a.test"
"""


def stored(**words: Any) -> Entry:
    entry = Entry(
        status=200,
        fields=[],
        length=9,
        received=90.0,
        age=2.0,
        lifetime=60.0,
        source="max-age",
    )
    for name, value in words.items():
        setattr(entry, name, value)
    return entry


class Door:
    """now: 100. What it has is a list of entries, each with whether it was purged softly."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.kept: list[tuple[Entry, bool]] = []
        self.passed: list[bytes] = []
        self.answer: dict[str, Any] | None = None
        self.is_there = True

    def ask(self, config: Path, command: str, words: dict[str, str], *, patience: float) -> Any:
        assert command == "kept"
        self.asked.append(words["primary"])
        if not self.is_there:
            raise NotRunning
        kept = [(b64encode(encoded(each)).decode(), purged) for each, purged in self.kept]
        passed = bytes.fromhex(words["primary"]) in self.passed
        return self.answer or {"now": 100.0, "kept": kept, "passed": passed}


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Door:
    made = Door()
    monkeypatch.setattr(module, "ask", made.ask)
    return made


class Explained:
    def __init__(self, capsys: pytest.CaptureFixture[str], file: Path) -> None:
        self._capsys = capsys
        self.file = file

    def __call__(self, url: str, *headers: str, method: str = "GET") -> list[str]:
        assert explain_request(self.file, method, url, list(headers), "192.0.2.1") == 0
        lines = self._capsys.readouterr().out.splitlines()
        words = ("key ", "cache ", "stored ", "then ", "kept ", "passed ", "     ")
        return [" ".join(line.split()) for line in lines if line.startswith(words)]


@pytest.fixture
def explained(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Explained:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    file = tmp_path / "porch.toml"
    file.write_text(FILE)
    return Explained(capsys, file)


def test_the_key_is_as_it_is_kept_by(explained: Explained, door: Door) -> None:
    lines = explained("http://A.test/x?utm_source=y&p=1", "Cookie: sid=1; theme=dark")
    assert lines[0] == "key http://a.test/x?p=1 cookie:theme=dark"
    assert lines[1] == "cache is looked up"
    explained("http://a.test/x?p=1&gclid=z", "Cookie: theme=dark")
    assert door.asked[0] == door.asked[1]
    assert len(bytes.fromhex(door.asked[0])) == 16


def test_routes_that_differ_by_conditions_have_answers_of_their_own(
    explained: Explained, door: Door
) -> None:
    (key, *_) = explained("http://b.test/", "x-beta: 1")
    assert key == 'key http://b.test/ route:b.test header x-beta = "1"'


def test_what_is_fresh_is_given(explained: Explained, door: Door) -> None:
    door.kept = [(stored(), False)]
    assert explained("http://a.test/")[2:] == [
        "stored 200, 9 bytes, 12 s old, fresh for 48 s",
        "It is fresh for 60 s: max-age in Cache-Control says so (RFC 9111 5.2.2.1).",
        "then it is given: it is younger than its lifetime (RFC 9111 4.2)",
    ]


def test_what_is_stale_is_asked_about(explained: Explained, door: Door) -> None:
    door.kept = [(stored(lifetime=5.0), False)]
    lines = explained("http://a.test/")
    assert lines[2] == "stored 200, 9 bytes, 12 s old, stale"
    assert lines[4].startswith("then the origin is asked whether it still holds: it has outlived")
    door.kept = [(stored(), True)]
    assert "purged softly" in explained("http://a.test/")[-1]


def test_the_variant_of_the_request_is_told(explained: Explained, door: Door) -> None:
    other = stored(vary=[(b"x-a", b"2")])
    door.kept = [(other, False), (stored(vary=[(b"x-a", b"1")], length=7), False)]
    lines = explained("http://a.test/", "x-a: 1")
    assert lines[2] == "stored 200, 7 bytes, 12 s old, fresh for 48 s; one of 2 variants"
    assert "other fields: Vary" in explained("http://a.test/", "x-a: 3")[2]


PASSED = (
    "passed goes past the cache: the last answer to it could not be kept, less than a minute "
    "before, so that nobody waits for another's (passed)"
)


def test_where_the_last_answer_could_not_be_kept_it_says_that_it_goes_past(
    explained: Explained, door: Door
) -> None:
    primary = digest(b"http://a.test/")
    door.passed = [primary]
    assert explained("http://a.test/")[-1] == PASSED
    assert explained("http://a.test/other")[-1] != PASSED
    assert PASSED not in explained("http://a.test/", "Authorization: x"), "that is asked apart"
    assert PASSED not in explained("http://a.test/", method="HEAD"), "nobody waits for one"
    door.passed = [name_of((primary, b" authorization", b"bytes=0-1"))]
    assert PASSED in explained("http://a.test/", "Authorization: x", "Range: bytes=0-1")


def test_what_is_stored_decides_whether_it_would_go_past(explained: Explained, door: Door) -> None:
    primary = digest(b"http://a.test/")
    door.passed = [primary]
    door.kept = [(stored(), False)]
    assert PASSED not in explained("http://a.test/"), "it is fresh"
    door.kept = [(stored(lifetime=5.0, stale_error=60.0), False)]
    assert PASSED not in explained("http://a.test/"), "it may stand in, so that it is asked for"
    door.kept = [(stored(lifetime=5.0, must=MUST_REVALIDATE), False)]
    assert PASSED in explained("http://a.test/")
    door.kept = [(stored(vary=[(b"x-a", b"2")]), False)]
    assert PASSED not in explained("http://a.test/", "x-a: 1"), "another variant was"
    variant = repr(chosen([b"x-a"], RequestHead(b"", b"", b"", b"", [(b"x-a", b"1")]))).encode()
    door.passed = [name_of((primary, variant, b""))]
    assert PASSED in explained("http://a.test/", "x-a: 1")


def test_where_nothing_is_stored_or_known_that_is_said(explained: Explained, door: Door) -> None:
    assert explained("http://a.test/")[2] == (
        "stored nothing is stored under this key (RFC 9111 4)"
    )
    door.answer = {"error": "porch: no worker"}
    assert explained("http://a.test/")[2] == "stored not known: no worker"
    door.is_there = False
    assert explained("http://a.test/")[2] == "stored not known: no door runs with this file"


@pytest.mark.parametrize(
    ("url", "headers", "method", "why"),
    [
        ("http://a.test/", (), "POST", "goes past it: its method is one that is always written"),
        ("http://a.test/past/", ("Cookie: sid=1",), "GET", "the configuration has this request"),
        ("http://a.test/", ("Content-Length: 2",), "GET", "it has a body, an upgrade, or a"),
    ],
)
def test_what_is_not_looked_up_says_why(
    explained: Explained, door: Door, url: str, headers: tuple[str, ...], method: str, why: str
) -> None:
    lines = explained(url, *headers, method=method)
    assert why in lines[1]
    assert len(lines) == 2
    assert door.asked == []


def test_a_query_is_looked_up_by_its_body_too(explained: Explained, door: Door) -> None:
    assert explained("http://a.test/q", "Content-Length: 4", method="QUERY") == [
        "key http://a.test/q and the body of the QUERY",
        "cache is looked up",
        "stored not known: the body of the QUERY is known to the door alone",
    ]
    for told in (("Content-Length: 8193",), ("Content-Length: 4", "Expect: 100-continue")):
        assert explained("http://a.test/q", *told, method="QUERY")[1] == (
            "cache goes past it: a QUERY with Expect, or of more than 8192 bytes, is not waited for"
        )


def test_no_store_of_the_request_goes_past(explained: Explained, door: Door) -> None:
    door.kept = [(stored(), False)]
    assert explained("http://a.test/", "Cache-Control: no-store")[1:] == [
        "cache goes past it: no-store of the request: neither looked up nor stored (RFC 9111 "
        "5.2.1.5)"
    ]
    assert explained("http://a.test/", "Cache-Control: only-if-cached, no-store")[1:] == [
        "cache is looked up",
        "stored 200, 9 bytes, 12 s old, fresh for 48 s",
        "It is fresh for 60 s: max-age in Cache-Control says so (RFC 9111 5.2.2.1).",
        "then 504: only-if-cached of the request, and nothing is stored that could be served: 504 "
        "(RFC 9111 5.2.1.7)",
    ]


@pytest.mark.parametrize("url", ["http://a.test/x/../y", "http://a.test/x/%2e%2e/y"])
def test_what_climbs_is_said_to_be_kept_by_nobody(
    explained: Explained, door: Door, url: str
) -> None:
    *_, last = explained(url)
    assert last.startswith("kept no (dot-segments): The path has a `..`, perhaps escaped")


def test_what_answers_head_is_not_kept_and_a_stored_answer_serves_it(
    explained: Explained, door: Door
) -> None:
    assert explained("http://a.test/", method="HEAD")[-1].startswith("kept no (head): ")
    door.kept = [(stored(), False)]
    assert explained("http://a.test/", method="HEAD")[-1].startswith("then it is given")


def test_what_is_sent_is_what_the_store_asks_for(
    explained: Explained, door: Door, capsys: pytest.CaptureFixture[str]
) -> None:
    explained.file.write_text(FILE.replace(":80", "127.0.0.1:8123"))

    def sent(url: str, *headers: str) -> list[str]:
        explain_request(explained.file, "GET", url, list(headers), "192.0.2.1", file_only=True)
        return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]

    steered = ("X-Original-Uri: /e", "X-Own: 1", 'If-None-Match: "1"')
    lines = sent("http://a.test/x?utm_source=y&p=1", *steered)
    assert "sends GET /x?p=1 (came as /x?utm_source=y&p=1) to 127.0.0.1:3000" in lines
    assert "adds x-forwarded-port: 80" in lines
    removed = [line for line in lines if line.startswith("removes")]
    assert removed == ["removes x-original-uri", "removes if-none-match"]
    for url in ("http://a.test/off/", "http://a.test/x/../y"):
        assert "adds x-forwarded-port: 8123" in sent(url, *steered)


def test_a_part_of_the_operators_own_is_known_to_the_door_alone(
    explained: Explained, door: Door
) -> None:
    lines = explained("http://a.test/own/")
    assert lines[0] == "key http://a.test/own/ and what shop:part says"
    assert lines[2] == "stored not known: what shop:part says is known to the door alone"


@pytest.mark.parametrize("url", ["http://a.test/off/", "http://r.test/", "http://no.test/"])
def test_where_nothing_is_kept_nothing_is_said(explained: Explained, door: Door, url: str) -> None:
    assert explained(url) == []


def test_a_route_that_tells_certificates_keeps_nothing(
    explained: Explained, tmp_path: Path, door: Door
) -> None:
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")
    words = 'listen = ":80"\nclient_ca = "ca.pem"\nclient_cert = "optional"\n'
    routes = '[routes."a.test"]\nto = ":1"\n'
    file = tmp_path / "porch.toml"
    file.write_text(f"{words}cache = true\n{routes}")
    assert explained("http://a.test/") == [
        "cache nothing is kept: the origin is told the certificates of clients"
    ]
    file.write_text(f'{words}cache = {{ ignore = ["authorization"] }}\n{routes}')
    assert explained("http://a.test/")[0] == "key http://a.test/"


def test_what_a_trusted_proxy_tells_is_in_the_key(
    explained: Explained, door: Door, tmp_path: Path
) -> None:
    file = tmp_path / "porch.toml"
    told = ("X-Forwarded-Proto: https", "X-Forwarded-For: 198.51.100.1")
    assert explained("http://a.test/", *told)[0] == "key http://a.test/"
    file.write_text('trust = "192.0.2.0/24"\n' + FILE)
    assert explained("http://a.test/", *told)[0] == (
        "key http://a.test/ field:x-forwarded-proto=https"
    )
