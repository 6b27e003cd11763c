"""A service that is asked about each request. On sockets: tests/e2e/test_identity.py."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from porch.client import Answer
from porch.errors import ConnectionRefused
from porch.filter import Response
from porch.identity import Identity
from porch.route.scheme import Trusts
from porch.shield import forward_auth
from porch.shield.auth import Judge, Later
from porch.shield.auth_answer import Telling
from porch.shield.auth_claims import Requirement
from porch.shield.auth_errors import CannotTell, NotAllowed
from porch.shield.forward_auth import ForwardAuth, ForwardRules
from tests.support.hooks import FakeExchange, seen

FIELDS = [
    (b"authorization", b"Bearer x"),
    (b"cookie", b"sid=1"),
    (b"x-partner", b"7"),
    (b"x-forwarded-uri", b"/forged"),
    (b"x-forwarded-method", b"GET"),
    (b"content-length", b"5"),
    (b"if-none-match", b'"a"'),
]
JUDGE = Judge([], {b"x-user": "user", b"x-groups": "remote-groups"})


class Service:
    def __init__(self, answer: Answer | Exception) -> None:
        self.answer = answer
        self.asked: list[Any] = []

    async def request(self, *asked: Any, **more: Any) -> Answer:
        self.asked.append((*asked, more))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def connect(self, *, timeout: float) -> None:  # noqa: ASYNC109
        raise AssertionError


def ask(
    answer: Answer | Exception,
    judge: Judge = JUDGE,
    sent: list[tuple[bytes, bytes]] = FIELDS,
    trusts: Trusts = None,
    **rules: Any,
) -> tuple[Any, list[Any]]:
    """The verdict, and what the service was asked."""
    service = Service(answer)
    waits: list[Coroutine[Any, Any, None]] = []
    asked = ForwardRules(b"/check?x=1", **rules)
    way = ForwardAuth(asked, lambda: service, waits.append, judge, trusts)
    exchange: Any = FakeExchange(method=b"POST", target=b"/a?b", fields=[*sent], length=5)
    exchange.client_ip = b"192.0.2.7"
    later = way.identify(seen(exchange))
    assert isinstance(later, Later)
    heard: list[Any] = []
    later.then(heard.append)
    asyncio.run(waits.pop())
    assert way._running == 0
    (verdict,) = heard
    return verdict, service.asked


def test_it_is_told_what_is_asked_for_and_by_whom_and_never_the_body() -> None:
    _, ((method, target, fields, more),) = ask(Answer(200, [], b""))
    assert (method, target) == (b"GET", b"/check?x=1")
    assert fields == [
        (b"authorization", b"Bearer x"),
        (b"cookie", b"sid=1"),
        (b"x-forwarded-method", b"POST"),
        (b"x-forwarded-proto", b"http"),
        (b"x-forwarded-host", b"a.test"),
        (b"x-forwarded-uri", b"/a?b"),
        (b"x-forwarded-for", b"192.0.2.7"),
    ]
    assert more["timeout"] == 5.0
    _, ((_, _, fields, _),) = ask(Answer(200, [], b""), sends=frozenset((b"x-partner",)))
    assert (b"x-partner", b"7") in fields


@pytest.mark.parametrize(("peer", "scheme"), [(b"192.0.2.7", b"https"), (b"10.0.0.1", b"http")])
def test_it_is_told_by_what_the_client_of_a_trusted_proxy_came(peer: bytes, scheme: bytes) -> None:
    sent = [(b"x-forwarded-proto", b"https")]
    _, ((_, _, fields, _),) = ask(Answer(200, [], b""), sent=sent, trusts=peer.__eq__)
    assert [each for each in fields if each[0] == sent[0][0]] == [(sent[0][0], scheme)]


def test_whom_it_names_is_let_in_with_what_it_says() -> None:
    fields = [(b"remote-user", b"ann"), (b"remote-groups", b"a, b,c")]
    found, _ = ask(Answer(204, fields, b""))
    assert isinstance(found, Identity)
    assert (found.name, found.kind) == ("ann", "forward")
    assert found.fields == ((b"x-user", b"ann"), (b"x-groups", b"a, b, c"))


def test_whom_it_does_not_name_is_let_in_without_a_name() -> None:
    found, _ = ask(Answer(200, [(b"remote-groups", b"a")], b""))
    assert isinstance(found, Identity)
    assert found.name == "-"
    assert found.fields == ((b"x-groups", b"a"),)


def test_fields_of_its_answer_that_are_named_go_to_the_client_of_whom_it_lets_in() -> None:
    fields = [(b"remote-user", b"ann"), (b"set-cookie", b"sid=2"), (b"set-cookie", b"b=1")]
    found, _ = ask(Answer(200, [*fields, (b"x-other", b"1")], b""))
    assert type(found) is Identity, "none is named"
    found, _ = ask(Answer(200, fields, b""), gives=frozenset((b"set-cookie", b"x-left")))
    assert isinstance(found, Telling)
    assert (found.name, list(found.answer)) == ("ann", fields[1:])
    assert found.fields == ((b"x-user", b"ann"),)
    judge = Judge([Requirement("remote-user", "bob")], {})
    found, _ = ask(Answer(200, fields, b""), judge, gives=frozenset((b"set-cookie",)))
    assert isinstance(found, NotAllowed)


def test_it_is_not_told_the_cookies_of_the_door() -> None:
    sent = [
        (b"cookie", b"__Host-porch-login-a=x; sid=1; porch-pass=y"),
        (b"cookie", b"porch-login-a=z"),
    ]
    _, ((_, _, fields, _),) = ask(Answer(200, [], b""), sent=sent)
    assert [each for each in fields if each[0] == b"cookie"] == [(b"cookie", b"sid=1")]


def test_what_is_required_is_looked_for_in_its_fields() -> None:
    judge = Judge([Requirement("remote-groups", ["ops"])], {})
    found, _ = ask(Answer(200, [(b"remote-user", b"a"), (b"remote-groups", b"x,ops")], b""), judge)
    assert isinstance(found, Identity)
    found, _ = ask(Answer(200, [(b"remote-user", b"a"), (b"remote-groups", b"ops2")], b""), judge)
    assert isinstance(found, NotAllowed)


@pytest.mark.parametrize("status", [302, 303, 401, 403, 404, 429])
def test_what_it_answers_else_is_the_clients(status: int) -> None:
    fields = [
        (b"location", b"https://login.test/"),
        (b"set-cookie", b"state=1"),
        (b"www-authenticate", b"Bearer"),
        (b"content-length", b"2"),
        (b"server", b"x"),
        (b"connection", b"close"),
    ]
    found, _ = ask(Answer(status, fields, b"no"))
    assert isinstance(found, Response)
    assert (found.status, found.body) == (status, b"no")
    assert list(found.fields) == [*fields[:3], (b"cache-control", b"no-store")]


@pytest.mark.parametrize(
    "answer", [Answer(500, [], b""), Answer(503, [], b""), ConnectionRefused("x"), OSError("x")]
)
def test_one_that_fails_lets_nobody_in(answer: Any) -> None:
    found, _ = ask(answer)
    assert isinstance(found, CannotTell)


def test_an_interim_or_strange_status_lets_nobody_in() -> None:
    for status in (100, 199):
        found, _ = ask(Answer(status, [], b""))
        assert not isinstance(found, Identity)


def test_so_many_are_asked_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forward_auth, "MOST", 1)
    waits: list[Coroutine[Any, Any, None]] = []
    service = Service(Answer(200, [], b""))
    way = ForwardAuth(ForwardRules(b"/"), lambda: service, waits.append, JUDGE)
    exchange: Any = FakeExchange()
    exchange.client_ip = b"192.0.2.7"
    assert isinstance(way.identify(seen(exchange)), Later)
    assert isinstance(way.identify(seen(exchange)), CannotTell)
    waits.pop().close()
