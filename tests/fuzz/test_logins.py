"""What stands in the cookies and links of a login and of a challenge, damaged: nobody is let in by
damage, no origin gets any of it, and nothing but a refusal comes of it.

Some seconds each in the ordinary run, ten minutes each in `make soak`.
"""

import random
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from typing import Any

import pytest

from porch import clock
from porch.identity import Identity
from porch.shield.auth import Judge
from porch.shield.auth_ended import Ended
from porch.shield.challenge_seal import Seal
from porch.shield.oidc import Oidc
from porch.shield.oidc_callback import Callback
from porch.shield.oidc_cookies import NAME, cookies_of, joined, without
from porch.shield.oidc_errors import LoginFailed
from porch.shield.oidc_party import Party, PartyRules, Sealers
from porch.shield.oidc_session import begun
from tests.support.damaged_words import damaged, fields_of, last
from tests.support.hooks import FakeExchange, seen
from tests.support.tokens import NOW

SOME, LONG = 4.0, 600.0
"""Seconds of each kind."""
Chance = random.Random

SEALERS = Sealers(b"k" * 32, "p1")
_session = begun({"sub": "ann", "groups": ["x" * 6000]}, "", NOW, 300, 600)
_state = {"s": "p1.stateofthisone", "n": "n", "v": "v", "t": "/", "b": NOW}
GOOD = SEALERS.session.seal(_session.packed(), b"a.test")
_OTHERS = [
    SEALERS.session.seal(_session.packed(), b"b.test"),
    SEALERS.session.seal(_session._replace(ends=NOW - 9.0).packed(), b"a.test"),
    Sealers(b"m" * 32, "p1").session.seal(_session.packed(), b"a.test"),
]
BEGUN = SEALERS.login.seal(_state, b"a.test")
SESSIONS = {
    b"cookie": [
        *(
            b"porch-login-p1=%b; porch-login-p1.1=%b; porch-login-p1.2=%b"
            % (each[:3600], each[3600:7200], each[7200:])
            for each in [*[GOOD] * 3, *_OTHERS]
        ),
        b"a=1; porch-login-p1-stateoft=%b; porch-login-p1=%b" % (BEGUN, BEGUN),
        b"a=1; porch-login-p1-stateoft=" + GOOD[:3600],
    ]
}
CALLBACKS = [
    b"code=c&state=p1.stateofthisone",
    b"state=p1.stateofthisone&iss=https%3A%2F%2Fid.test&code=%41",
    b"error=access_denied&state=p1.stateofthisone",
    b"code=c&state=p1.other",
]


class Redeeming(Exception):
    """A login that comes back has passed all that is looked at before a provider is asked."""


class _Provider:
    """Stands for discovery and grants."""

    async def ready(self) -> None:
        raise Redeeming


_provider: Any = _Provider()
_rules = PartyRules(name="p1", issuer="https://id.test", client_id="door")
_party = Party(_rules, _provider, _provider, SEALERS, lambda _: None, Ended())
_oidc = Oidc(_party, Judge([], {b"x-user": "user"}), "sub", "x")
_callback = Callback({"p1": _party}, lambda work: work.close())


def session(chance: Chance) -> None:
    """Who is let in has a cookie as it was sealed for this host, and no origin gets any of it."""
    fields = fields_of(chance, SESSIONS, 2)
    exchange = FakeExchange(fields=fields)
    if isinstance(_oidc.identify(seen(exchange)), Identity):
        assert joined(cookies_of(fields), b"porch-login-p1") == GOOD, fields
    left = without(fields)
    assert cookies_of(left) == [], fields
    others = {part.strip() for _, each in fields for part in each.split(b";") if NAME not in part}
    kept = {part.strip() for _, each in left for part in each.split(b";")}
    assert others - kept <= {b""}, fields


def callback(chance: Chance) -> None:
    """A provider is asked for the login alone that this very browser has begun."""
    fields = fields_of(chance, SESSIONS, 1)
    query = damaged(chance, CALLBACKS).translate(None, b" \r\n\0#")
    exchange = FakeExchange(fields=fields, target=b"/.porch/oidc/callback?" + query)
    with suppress(LoginFailed):
        _callback.on_request(seen(exchange))
    assert exchange.request.target == b"/.porch/oidc/callback"
    told = {"state": damaged(chance, [b"p1.stateofthisone"]).decode("latin-1"), "code": "c"}
    try:
        _party.finish(seen(exchange), told).send(None)
    except Redeeming:
        assert told["state"] == _state["s"]
        assert joined(cookies_of(fields), b"porch-login-p1-stateoft") == BEGUN, fields
    except LoginFailed:
        pass


_seal = Seal(b"secret of a door")
PASSES = [
    _seal.grant(NOW + 60, 16, b"a.test", b"192"),
    _seal.grant(NOW - 60, 16, b"a.test", b"192"),
    _seal.grant(NOW + 60, 16, b"b.test", b"192"),
    _seal.puzzle(NOW, 16, b"a.test", b"192"),
]


def challenged(chance: Chance) -> None:
    """A pass is one that was given, for this host and network; a puzzle and a proof are none."""
    shown = damaged(chance, PASSES)
    if _seal.holds(shown, NOW, 16, b"a.test", b"192"):
        assert shown == PASSES[0]
    proof = damaged(chance, [each + b".%d" % chance.randrange(1 << 40) for each in PASSES])
    if _seal.is_solved(proof, NOW, 16, b"a.test", b"192"):
        assert proof.partition(b".")[0] == PASSES[3]
        assert sha256(proof).digest()[:2] == b"\0\0"


KINDS = [session, callback, challenged]


@pytest.fixture(autouse=True)
def standing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time stands."""
    monkeypatch.setattr(clock, "wall", lambda: NOW)


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_logins_for_some_seconds_let_nobody_in(kind: Callable[[Chance], None]) -> None:
    assert last(kind, SOME, 0) > 100


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", KINDS)
def test_nor_do_they_for_ten_minutes(kind: Callable[[Chance], None]) -> None:
    assert last(kind, LONG, 1 << 40) > 100


def test_some_of_them_do_let_in() -> None:
    """Else the tests above would only try the refusals."""
    chance = random.Random(3)
    found = [
        _oidc.identify(seen(FakeExchange(fields=fields_of(chance, SESSIONS, 1))))
        for _ in range(500)
    ]
    assert sum(isinstance(each, Identity) for each in found) > 20
    shown = [damaged(chance, PASSES) for _ in range(500)]
    assert sum(_seal.holds(each, NOW, 16, b"a.test", b"192") for each in shown) > 10
