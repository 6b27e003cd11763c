"""The admin door as a listener: bounds, slowness, TLS, client certificates, HTTP/2, changes."""

import contextlib
import dataclasses
import hashlib
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from porch.config.administering import Key
from porch.exchange import Exchange
from porch.filter import SUSPEND, Kept, Suspend
from porch.http.message import ResponseHead
from porch.manage.admin import door as module
from porch.manage.admin.door import BOUNDS
from porch.manage.admin.offer import Offer
from porch.tls.certificate import Certificate, load_certificate
from tests.support.admin import ANN, HOST, ROB, Opened, asked, rest, settings
from tests.support.h2_socket import H2Socket

SESSION = (b"GET", b"/v1/session")


def made(folder: Path, ca: trustme.CA) -> Certificate:
    issued = ca.issue_cert(HOST, "127.0.0.1")
    issued.private_key_pem.write_to_path(folder / "key.pem")
    for pem in issued.cert_chain_pems:
        pem.write_to_path(folder / "cert.pem")
    return load_certificate([(folder / "cert.pem", folder / "key.pem")])


class Secure:
    """What a door with TLS and client certificates holds to, and clients of it."""

    def __init__(self, folder: Path) -> None:
        self.ca, self.clients = trustme.CA(), trustme.CA()
        self.settings = settings(
            certificate=made(folder, self.ca),
            client_ca=self.clients.cert_pem.bytes(),
            clients={"ann@a.test": "all", "screen.test": "read"},
        )

    def client(self, *names: str, by: trustme.CA | None = None) -> ssl.SSLContext:
        """A client that has a certificate for these; none for none."""
        context = ssl.create_default_context()
        self.ca.configure_trust(context)
        if names:
            (by or self.clients).issue_cert(*names).configure_cert(context)
        return context


@pytest.fixture
def secure(tmp_path: Path) -> Secure:
    return Secure(tmp_path)


@pytest.fixture
def door() -> Iterator[Opened]:
    with Opened() as opened:
        yield opened


# --- TLS -----------------------------------------------------------------------------------------


def test_over_tls_a_token_lets_in_and_the_cookie_is_for_tls_alone(secure: Secure) -> None:
    with Opened(secure.settings) as door:
        context = secure.client()
        assert door.ask("GET", "/v1/state", token=ANN, context=context).json["by"] == "token"
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        body = f"token={ANN}".encode()
        (cookie,) = door.ask("POST", "/login", form, body, context=context).all("set-cookie")
        assert cookie.startswith("__Host-porch-443=")
        assert cookie.endswith("; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict; Secure")


def test_a_page_of_plain_http_is_of_another_origin(secure: Secure) -> None:
    with Opened(secure.settings) as door:
        context = secure.client()
        for origin, status in (("https://localhost", 200), ("http://localhost", 403)):
            fields = {"Origin": origin}
            answer = door.ask("GET", "/v1/state", fields, token=ANN, context=context)
            assert answer.status == status


def test_who_speaks_no_tls_there_is_told_nothing(secure: Secure) -> None:
    with Opened(secure.settings) as door:
        answer = door.ask("GET", "/v1/state", token=ANN)
        assert answer.status >= 400
        assert b"ann" not in answer.body


def test_a_certificate_lets_in_by_its_name_with_its_role(secure: Secure) -> None:
    with Opened(secure.settings) as door:
        ann, screen = secure.client("ann@a.test"), secure.client("screen.test")
        told = door.ask("GET", "/v1/state", context=ann).json
        assert told == {"name": "ann@a.test", "by": "certificate", "role": "all"}
        assert door.ask("GET", "/v1/state", context=screen).json["role"] == "read"
        csrf = door.ask("GET", "/v1/session", context=screen).json["csrf"]
        shown = {"X-Porch-Csrf": csrf}
        assert door.ask("POST", "/v1/drain", shown, context=screen).status == 403
        assert door.ask("POST", "/v1/drain", shown, context=ann).status == 403, "another's"
        assert door.ask("POST", "/v1/drain", context=ann).status == 403, "a browser shows it too"
        shown = {"X-Porch-Csrf": door.ask("GET", "/v1/session", context=ann).json["csrf"]}
        assert door.ask("POST", "/v1/drain", shown, context=ann).status == 200
        assert len(door.changed) == 1


def test_one_that_is_not_named_or_of_another_authority_does_not(secure: Secure) -> None:
    with Opened(secure.settings) as door:
        assert door.ask("GET", "/v1/state", context=secure.client("bob@a.test")).status == 401
        other = secure.client("ann@a.test", by=trustme.CA())
        with contextlib.suppress(ssl.SSLError, ConnectionError):
            assert door.ask("GET", "/v1/state", context=other).status == 0


def test_a_name_in_the_handshake_is_bound_by_the_rules_of_hosts_too(secure: Secure) -> None:
    with Opened(secure.settings) as door:
        context = secure.client()
        answer = door.ask("GET", "/v1/state", token=ANN, host="evil.test", context=context)
        assert answer.status == 421


def test_http2_has_the_same_entrance(secure: Secure) -> None:
    with Opened(secure.settings) as door, H2Socket(door.port, secure.client(), HOST) as far:
        shown = (b"authorization", b"Bearer " + ANN.encode())
        kind = (b"content-type", b"application/json")
        cases: list[tuple[bytes, bytes, tuple[tuple[bytes, bytes], ...], int]] = [
            (b"GET", b"/v1/state", (), 401),
            (b"GET", b"/v1/state", (shown,), 200),
            (b"GET", b"/", (), 303),
            (b"POST", b"/v1/drain", (shown, kind), 200),
            (b"POST", b"/v1/drain", (shown, (b"origin", b"null")), 403),
            (b"POST", b"/v1/drain", (shown, (b"sec-fetch-site", b"cross-site")), 403),
            (b"GET", b"/v1/drain", (shown,), 405),
            (b"POST", b"//v1/drain", (shown,), 404),
        ]
        for method, path, fields, status in cases:
            answer = far.answered(far.asks(path, *fields, method=method))
            assert answer.status == status, (method, path, fields)
            assert dict(answer.fields)[b"x-frame-options"] == b"DENY"
        other = far.answered(far.asks(b"/v1/state", shown, authority=b"evil.test"))
        assert other.status == 421
        assert len(door.changed) == 1


def test_a_cookie_in_several_fields_of_http2_is_one(secure: Secure) -> None:
    with Opened(secure.settings) as door:
        cookie, _ = door.log_in(context=secure.client())
        with H2Socket(door.port, secure.client(), HOST) as far:
            split = ((b"cookie", b"a=b"), (b"cookie", cookie.encode()))
            assert far.answered(far.asks(b"/v1/state", *split)).status == 200


# --- a reload ------------------------------------------------------------------------------------


def other_key(token: str, name: str = "ann") -> Key:
    return Key(hashlib.sha256(token.encode()).digest(), name, "all")


def test_behind_a_change_connections_end_and_what_is_let_in_is_what_holds_now(door: Opened) -> None:
    new = "new-" + "n" * 40
    gone, _ = door.log_in(ROB)
    stays, _ = door.log_in(ANN)
    with door.connect() as sock:
        sock.sendall(asked("GET", "/v1/state").replace(b"Connection: close\r\n", b""))
        assert sock.recv(65536).startswith(b"HTTP/1.1 401 ")
        keys = (*(each for each in door.settings.keys if each.name == "ann"), other_key(new, "new"))
        changed = dataclasses.replace(door.settings, keys=keys)
        door.within(lambda: door.door.change(changed))
        assert rest(sock) == b""
    assert door.ask("GET", "/v1/state", token=ROB).status == 401
    assert door.ask("GET", "/v1/state", token=new).json["name"] == "new"
    assert door.ask("GET", "/v1/state", {"Cookie": gone}).status == 401
    assert door.ask("GET", "/v1/state", {"Cookie": stays}).status == 200


def test_a_ticket_of_before_a_change_resumes_nothing(secure: Secure) -> None:
    with Opened(secure.settings) as door:
        context = secure.client("ann@a.test")
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        raw = asked("GET", "/v1/state")

        def ask(session: ssl.SSLSession | None) -> tuple[bytes, ssl.SSLSession | None, bool | None]:
            sock = socket.create_connection(("127.0.0.1", door.port), 10)
            with context.wrap_socket(sock, server_hostname=HOST, session=session) as wrapped:
                wrapped.sendall(raw)
                return rest(wrapped), wrapped.session, wrapped.session_reused

        answer, ticket, _ = ask(None)
        assert b'"certificate"' in answer
        answer, _, reused = ask(ticket)
        assert (b'"certificate"' in answer, reused) == (True, True)
        nobody = trustme.CA().cert_pem.bytes()
        changed = dataclasses.replace(door.settings, client_ca=nobody)
        door.within(lambda: door.door.change(changed))
        with contextlib.suppress(ssl.SSLError, ConnectionError):
            answer, _, reused = ask(ticket)
            assert (b'"certificate"' in answer, reused) == (False, False)


# --- slowness and numbers ------------------------------------------------------------------------


class Stream:
    """A stream of events that never ends. See filter.Source."""

    reused = False

    def __init__(self) -> None:
        self.aborted: list[Any] = []

    def open(self, exchange: Exchange) -> bool:
        exchange.client.send(exchange.response, b": hello\n\n", False)  # type: ignore[arg-type]
        return False

    def begin(self, exchange: Exchange) -> "Stream":
        return self

    def abort(self, error: Any) -> None:
        self.aborted.append(error)

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


def test_a_stream_ends_with_its_session_and_when_what_holds_is_changed() -> None:
    streams: list[Stream] = []

    def events(exchange: Exchange, caller: Any, body: bytes) -> Any:
        streams.append(Stream())
        head = ResponseHead(200, [(b"content-type", b"text/event-stream")], None)
        return Kept(head, b"", streams[-1])  # type: ignore[arg-type]

    with Opened(offers={b"/v1/events": {b"GET": Offer(answer=events)}}) as door:
        cookie, csrf = door.log_in()
        with door.connect() as sock, door.connect() as other:
            sock.sendall(asked("GET", "/v1/events", {"Cookie": cookie}))
            other.sendall(asked("GET", "/v1/events", {"Authorization": f"Bearer {ANN}"}))
            for each in (sock, other):
                said = b""
                while b": hello" not in said:
                    said += each.recv(65536)
                assert b"x-frame-options: DENY" in said
            door.ask("POST", "/logout", {"Cookie": cookie, "X-Porch-Csrf": csrf})
            rest(sock)
            assert [bool(each.aborted) for each in streams] == [True, False]
            door.within(lambda: door.door.change(door.settings))
            rest(other)
            assert all(each.aborted for each in streams)


def test_who_is_slow_with_a_head_or_a_body_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    timeouts = dataclasses.replace(module.TIMEOUTS, head=0.3, idle=0.3, keep_alive=0.3)
    monkeypatch.setattr(module, "TIMEOUTS", timeouts)
    shown = {"Authorization": f"Bearer {ANN}", "Content-Type": "application/json"}
    with Opened() as door:
        head = asked("GET", "/v1/state")[:-2]
        body = asked("POST", "/v1/drain", shown | {"Content-Length": "9"}) + b"{"
        chunks = asked("POST", "/v1/drain", shown | {"Transfer-Encoding": "chunked"}) + b"5\r\n{"
        for sent in (b"", b"G", head, body, chunks):
            with door.connect() as sock:
                sock.sendall(sent)
                begun = time.monotonic()
                said = rest(sock)
                assert time.monotonic() - begun < 5
                assert not said or said.startswith(b"HTTP/1.1 408 "), said
        assert door.changed == []


def test_a_head_that_is_too_long_is_refused(door: Opened) -> None:
    for raw in (
        b"GET /" + b"x" * 70000 + b" HTTP/1.1\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"A: b\r\n" * 70 + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nA: " + b"x" * 90000 + b"\r\n\r\n",
    ):
        answer = door.send(raw)
        assert answer.status in (414, 431)
        assert answer.all("x-frame-options") == ["DENY"]


def keeping(waiting: list[Exchange]) -> dict[bytes, dict[bytes, Offer]]:
    """An offer whose answer does not come."""

    def keep(exchange: Exchange, caller: Any, body: bytes) -> Suspend:
        waiting.append(exchange)
        return SUSPEND

    return {b"/v1/slow": {b"GET": Offer(answer=keep)}}


HALF = (
    b"",
    b"G",
    asked("GET", "/v1/state")[:-2],
    asked(
        "POST",
        "/login",
        {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": "9"},
    ),
)
"""Of strangers: nothing, a head that does not end, a form without what it takes."""


@pytest.mark.parametrize("is_tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("half", HALF, ids=["silence", "a byte", "a head", "a form"])
def test_who_asks_nothing_makes_room_for_a_newcomer_of_the_same_address(
    half: bytes, is_tls: bool, secure: Secure
) -> None:
    context = secure.client() if is_tls else None
    with Opened(secure.settings if is_tls else None) as door, contextlib.ExitStack() as stack:
        for _ in range(BOUNDS.per_client + 8):
            sock = stack.enter_context(door.connect(context))
            sock.sendall(half)
        for _ in range(3):
            assert door.ask("GET", "/v1/state", token=ANN, context=context).status == 200
        assert "ask nothing are closed for others" in door.output.text


def test_a_handshake_that_is_not_begun_makes_room_too(secure: Secure) -> None:
    with Opened(secure.settings) as door, contextlib.ExitStack() as stack:
        for _ in range(BOUNDS.per_client + 8):
            stack.enter_context(door.connect())
        answer = door.ask("GET", "/v1/state", token=ANN, context=secure.client())
        assert answer.status == 200


def test_a_stream_without_a_whole_request_makes_room_on_http2_too(secure: Secure) -> None:
    with Opened(secure.settings) as door, contextlib.ExitStack() as stack:
        for _ in range(BOUNDS.per_client + 8):
            far = stack.enter_context(H2Socket(door.port, secure.client(), HOST))
            kind = (b"content-type", b"application/x-www-form-urlencoded")
            with contextlib.suppress(OSError):
                far.asks(b"/login", kind, method=b"POST", end=False)
        answer = door.ask("GET", "/v1/state", token=ANN, context=secure.client())
        assert answer.status == 200


def test_the_whole_door_is_kept_shut_by_nobody_who_asks_nothing(door: Opened) -> None:
    with contextlib.ExitStack() as stack:
        for number in range(BOUNDS.most + 8):
            sock = stack.enter_context(socket.socket())
            sock.bind((f"127.0.1.{1 + number % 8}", 0))
            sock.connect(("127.0.0.1", door.port))
            sock.sendall(b"G")
        for _ in range(3):
            assert door.ask("GET", "/v1/state", token=ANN).status == 200


def test_what_runs_for_somebody_who_is_known_makes_no_room() -> None:
    waiting: list[Exchange] = []
    with Opened(offers=keeping(waiting)) as door, contextlib.ExitStack() as stack:
        slow = asked("GET", "/v1/slow", {"Authorization": f"Bearer {ANN}"})
        socks = [stack.enter_context(door.connect()) for _ in range(BOUNDS.per_client)]
        for each in socks:
            each.sendall(slow)
        while len(waiting) < len(socks):
            time.sleep(0.01)
        with door.connect() as further:
            assert rest(further) == b""
        assert "has 32 connections already" in door.output.text
        socks[0].close()
        while not waiting[0].ended:
            time.sleep(0.01)
        assert door.ask("GET", "/v1/state", token=ANN).status == 200
        assert not any(each.ended for each in waiting[1:])


def test_who_leaves_while_it_is_waited_for_costs_nothing(door: Opened) -> None:
    waiting: list[Exchange] = []
    with Opened(offers=keeping(waiting)) as other:
        with other.connect() as sock:
            sock.sendall(asked("GET", "/v1/slow", {"Authorization": f"Bearer {ANN}"}))
            while not waiting:
                time.sleep(0.01)
        while not waiting[0].ended:
            time.sleep(0.01)
        assert other.ask("GET", "/v1/state", token=ANN).status == 200


def test_a_fault_of_ours_is_told_the_operator_and_not_the_client() -> None:
    def fails(exchange: Exchange, caller: Any, body: bytes) -> Any:
        raise RuntimeError("inside")

    with Opened(offers={b"/v1/fails": {b"GET": Offer(answer=fails)}}) as door:
        answer = door.ask("GET", "/v1/fails", token=ANN)
        assert (answer.status, b"inside" in answer.body) == (500, False)
        assert "inside" in door.output.text
        assert ANN not in door.output.text
        assert answer.all("cache-control") == ["no-store"]
