"""One conversation with an authority: what it survives, and what it says when it cannot."""

import contextlib
import http.server
import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from josepy.jwa import ES256, RS256
from josepy.jwk import JWKEC, JWKRSA

from porch import clock
from porch.certs import network
from porch.certs.account import open_account
from porch.certs.authority import Authority
from porch.certs.failure import IssueError
from porch.certs.network import Conversation, Network
from tests.support.front import Front
from tests.support.pebble import Pebble, running
from tests.support.store import MemoryStore


class Server:
    """Answers every request with the next of `answers`: status, headers, body."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        self.url = ""

    def say(self, body: object, status: int = 200, **headers: str) -> None:
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        self.answers.append((status, named, json.dumps(body).encode()))


@pytest.fixture
def server() -> Iterator[Server]:
    one = Server()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = one.answers.pop(0) if one.answers else (500, {}, b"")
            self.send_response_only(status)
            for key, value in ({"content-length": str(len(body))} | headers).items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    listening = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    one.url = f"http://127.0.0.1:{listening.server_address[1]}/dir"
    yield one
    listening.shutdown()
    thread.join()
    listening.server_close()


DIRECTORY = {"newNonce": "/nonce", "newAccount": "/account", "newOrder": "/order"}


def failure(authority: Authority) -> IssueError:
    with pytest.raises(IssueError) as caught:
        Conversation(authority)
    return caught.value


def test_an_authority_that_is_not_there_cannot_be_reached(nowhere: Authority) -> None:
    error = failure(nowhere)
    assert error.kind == "network"
    assert error.another
    assert "the CA 127.0.0.1 cannot be reached (Connection refused)" in str(error)


def test_a_name_that_nobody_knows_cannot_be_reached() -> None:
    error = failure(Authority(directory="https://ca.invalid/dir"))
    assert error.kind == "network"
    assert "ca.invalid cannot be reached" in str(error)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"hello": "world"}, "is not the directory of a CA"),
        ([1, 2], "no ACME"),
        ("text", "no ACME"),
    ],
)
def test_what_is_no_directory_is_told_as_that(server: Server, body: object, words: str) -> None:
    server.say(body)
    error = failure(Authority(directory=server.url))
    assert error.kind == "network"
    assert words in str(error)


def test_an_authority_that_is_down_says_when_to_come_again(server: Server) -> None:
    problem = {"type": "urn:ietf:params:acme:error:serverInternal", "detail": "maintenance"}
    server.say(problem, 503, retry_after="600")
    error = failure(Authority(directory=server.url))
    assert error.kind == "network"
    assert "trouble of its own (maintenance)" in str(error)
    assert error.retry_after is not None
    assert timedelta(seconds=590) < error.retry_after - datetime.now(UTC) <= timedelta(seconds=600)


def test_a_page_instead_of_an_answer_is_no_acme(server: Server) -> None:
    server.answers.append((502, {}, b"<html>"))
    assert "gave an answer that is no ACME (status 502)" in str(
        failure(Authority(directory=server.url))
    )


def test_an_answer_that_nests_without_end_is_no_acme(server: Server) -> None:
    server.answers.append((200, {"Content-Type": "application/json"}, b"[" * 100_000))
    error = failure(Authority(directory=server.url))
    assert error.kind == "network"
    assert "gave an answer that is no ACME" in str(error)


@pytest.mark.parametrize("days", [-400, 400])
def test_a_clock_that_is_far_off_is_told_before_anything_is_ordered(
    server: Server, days: int
) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(days=days), usegmt=True)
    server.say(DIRECTORY, date=date)
    error = failure(Authority(directory=server.url))
    assert error.kind == "clock"
    assert not error.another
    assert "set the clock (NTP)" in str(error)


@pytest.mark.parametrize("date", ["", "yesterday"])
def test_an_authority_without_a_clock_is_believed(server: Server, date: str) -> None:
    server.say(DIRECTORY, date=date)
    assert Conversation(Authority(directory=server.url)).renewal_info == ""


def test_a_ca_file_that_is_missing_is_named(tmp_path: Path, nowhere: Authority) -> None:
    error = failure(replace(nowhere, ca=tmp_path / "none.pem"))
    assert f"{tmp_path / 'none.pem'} (ca of 127.0.0.1) does not exist" in str(error)


def test_it_signs_as_its_key_can(nowhere: Authority) -> None:
    small = Network(nowhere, JWKEC(key=ec.generate_private_key(ec.SECP256R1())))
    old = Network(nowhere, JWKRSA(key=rsa.generate_private_key(65537, 2048)))
    assert (small.alg, old.alg) == (ES256, RS256)


def test_it_trusts_who_the_system_trusts(nowhere: Authority, tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.touch()
    assert network._trusted(replace(nowhere, ca=file)) == str(file)
    assert network._trusted(nowhere)


@pytest.mark.system
def test_a_certificate_that_nobody_vouches_for_is_told(pebble: Pebble) -> None:
    error = failure(Authority(directory=pebble.directory))
    assert error.kind == "network"
    assert "the certificate of 127.0.0.1 is not trusted here" in str(error)
    assert "(ca)" in str(error)


@pytest.mark.system
def test_bad_nonces_are_bad_luck(tmp_path: Path) -> None:
    with running(tmp_path, {"PEBBLE_WFE_NONCEREJECT": "50"}) as pebble:
        store = MemoryStore()
        authority = Authority(directory=pebble.directory, ca=pebble.ca)
        for _ in range(12):
            conversation = open_account(authority, store)
            assert conversation.net.account is not None
            with conversation.speaking():
                conversation.say(str(conversation.net.account.uri), None)
        assert pebble.accounts == 1
        assert pebble.log.count("POST /") > 13  # once would do with good ones


@pytest.mark.system
def test_a_nonce_that_is_never_good_is_a_failure(
    fronted: Front, at_front: Authority, store: MemoryStore
) -> None:
    bad = {"type": "urn:ietf:params:acme:error:badNonce", "detail": "no"}
    for _ in range(2 * network.NONCES):
        fronted.refuse("/sign-me-up", 400, bad)
    with pytest.raises(IssueError, match="trouble of its own"):
        open_account(at_front, store)
    assert len(fronted.said) == 2 * network.NONCES


def test_a_question_is_asked_again_when_the_connection_is_lost(
    nowhere: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def lost(_: object, __: str, message: object, **___: object) -> None:
        asked.append(message)
        raise requests.ConnectionError

    monkeypatch.setattr("acme.client.ClientNetwork.post", lost)
    monkeypatch.setattr(clock, "sleep", lambda _: None)
    net = Network(nowhere)
    with pytest.raises(requests.ConnectionError):
        net.post("https://127.0.0.1:9/order", None)
    assert asked == [None] * network.LOST
    with pytest.raises(requests.ConnectionError):
        net.post("https://127.0.0.1:9/order", {"what": "changes something"})
    assert len(asked) == network.LOST + 1


# --- answers that mean no good ---------------------------------------------------------------


def test_an_answer_without_end_is_cut(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "LONGEST", 100_000)
    server.answers.append((200, {}, b"x" * 1_000_000))
    assert "the answer has no end" in str(failure(Authority(directory=server.url)))


HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    "begins",
    [
        HEAD + b"x: ",
        HEAD + b"content-length: 9999\r\n\r\n",
        HEAD + b"transfer-encoding: chunked\r\n\r\n270f\r\n",
        HEAD + b"\r\n",
    ],
    ids=["head", "body", "chunk", "until the end"],
)
def test_an_answer_that_drips_is_given_up_once(
    begins: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A byte now and then, each sooner than a socket gives up: for good, if nobody counts."""
    monkeypatch.setattr(network, "WHOLE", 0.1)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    asked: list[bytes] = []
    is_over = threading.Event()

    def drip() -> None:
        while not is_over.is_set():
            connection, _ = listening.accept()
            with connection, contextlib.suppress(OSError):
                asked.append(connection.recv(9999))
                connection.sendall(begins)
                while asked[-1] and not is_over.wait(0.02):
                    connection.sendall(b"x")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=drip)
        thread.start()
        port = listening.getsockname()[1]
        began = time.monotonic()
        error = failure(Authority(directory=f"http://127.0.0.1:{port}/dir"))
        took = time.monotonic() - began
        is_over.set()
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port)).close()
        thread.join()
    assert str(error) == (
        "the CA 127.0.0.1 does not come to the end of an answer (the answer took over 0 s): it "
        "has trouble of its own, or something stands between; it is tried again by itself"
    )
    assert took < 1.0
    assert len([each for each in asked if each]) == 1


def test_an_authority_that_does_not_answer_at_all_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "TIMEOUT", 0.1)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        error = failure(Authority(directory=f"http://127.0.0.1:{listening.getsockname()[1]}/dir"))
    assert "127.0.0.1 does not come to the end of an answer (timed out)" in str(error)
    assert (error.kind, error.another) == ("network", True)


def test_who_was_too_slow_for_an_answer_is_not_asked_at_once_again(
    nowhere: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def late(_: object, __: str, message: object, **___: object) -> None:
        asked.append(message)
        raise network._Late

    monkeypatch.setattr("acme.client.ClientNetwork.post", late)
    with pytest.raises(requests.ReadTimeout):
        Network(nowhere).post("https://127.0.0.1:9/order", None)
    assert asked == [None]


def test_nobody_is_followed_elsewhere(server: Server) -> None:
    server.answers.append((302, {"location": "http://127.0.0.1:1/elsewhere"}, b""))
    error = failure(Authority(directory=server.url))
    assert "leads elsewhere; name that place" in str(error)
    assert not server.answers


def test_an_authority_of_https_is_spoken_to_by_https_alone() -> None:
    adapter = network._Bounded("https://")
    request = requests.Request("GET", "http://127.0.0.1:1/nonce").prepare()
    with pytest.raises(requests.exceptions.InvalidURL, match="is no HTTPS"):
        adapter.send(request)
