"""Tokens that let in, and where they stand. What others forge: test_jwt_attacks.py."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch import clock
from porch.identity import Identity
from porch.shield.auth import Judge, Later
from porch.shield.auth_claims import Requirement
from porch.shield.auth_errors import CannotTell, NotAllowed, TooManyFailures, Unauthorized
from porch.shield.auth_failures import MOST_FORGERIES, Failures
from porch.shield.fetched import FRESH, SELDOM
from porch.shield.jwt import Jwt, JwtRules
from porch.shield.jwt_claims import Terms
from porch.shield.jwt_keys import keys_of_set, secret_key
from tests.shield.test_fetched import Story
from tests.support.hooks import FakeExchange, seen
from tests.support.tokens import EC, NOW, RSA, claims, key_set, signed

RULES = JwtRules(
    algorithms=("RS256", "ES256"),
    terms=Terms(issuers=("https://id.test",), audiences=("door",)),
    cookie=b"session_token",
    realm="api",
)
JUDGE = Judge([], {b"x-user": "user", b"x-groups": "groups"})


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "wall", lambda: NOW)
    monkeypatch.setattr(clock, "now", 5000.0)


def jwt(keys: Any = None, judge: Judge = JUDGE, rules: JwtRules = RULES) -> Jwt:
    known = keys_of_set(key_set(RSA, EC)) if keys is None else keys
    return Jwt(rules, known, judge, Failures("forged tokens", MOST_FORGERIES))


def shown(token: bytes, client: bytes = b"192.0.2.7") -> FakeExchange:
    return asking([(b"authorization", b"Bearer " + token)], client)


def asking(fields: list[tuple[bytes, bytes]], client: bytes = b"192.0.2.7") -> FakeExchange:
    exchange: Any = FakeExchange(fields=fields)
    exchange.client_ip = client
    return exchange  # type: ignore[no-any-return]


def identify(way: Jwt, exchange: FakeExchange) -> Any:
    return way.identify(seen(exchange))


def test_whom_the_issuer_names_is_let_in() -> None:
    found = identify(jwt(), shown(signed(payload=claims(groups=["a", "b"]))))
    assert isinstance(found, Identity)
    assert (found.name, found.kind) == ("ann", "jwt")
    assert found.fields == ((b"x-user", b"ann"), (b"x-groups", b"a, b"))


def test_a_token_may_stand_in_a_cookie() -> None:
    token = signed()
    for value in (
        b"session_token=" + token,
        b"a=b; session_token=" + token + b"; c=d",
        b'session_token="' + token + b'"',
    ):
        assert isinstance(identify(jwt(), asking([(b"cookie", value)])), Identity)
    assert identify(jwt(), asking([(b"cookie", b"my_session_token=" + token)])) is None
    plain = JwtRules(RULES.algorithms, RULES.terms)
    assert identify(jwt(rules=plain), asking([(b"cookie", b"session_token=" + token)])) is None


@pytest.mark.parametrize("value", [b"", b"Basic YTpi", b"Bearer", b"Token x"])
def test_anything_else_is_nothing_shown(value: bytes) -> None:
    assert identify(jwt(), asking([(b"authorization", value)])) is None


def test_two_tokens_are_refused() -> None:
    field = (b"authorization", b"Bearer " + signed())
    assert isinstance(identify(jwt(), asking([field, field])), Unauthorized)


def test_another_claim_may_be_the_name() -> None:
    rules = JwtRules(RULES.algorithms, RULES.terms, name="email")
    token = signed(payload=claims(email="ann@a.test"))
    assert identify(jwt(rules=rules), shown(token)).name == "ann@a.test"
    assert isinstance(identify(jwt(rules=rules), shown(signed())), NotAllowed)
    assert identify(jwt(), shown(signed(payload=claims(sub=42)))).name == "42"
    assert isinstance(identify(jwt(), shown(signed(payload=claims(sub="a\r\nb")))), NotAllowed)
    assert isinstance(identify(jwt(), shown(signed(payload=claims(sub=True)))), NotAllowed)


def test_what_is_required_is_looked_for_in_the_claims() -> None:
    way = jwt(judge=Judge([Requirement("scope", "read")], {}))
    assert isinstance(identify(way, shown(signed(payload=claims(scope="read x")))), Identity)
    assert isinstance(identify(way, shown(signed())), NotAllowed)


def test_a_token_is_verified_once_and_not_beyond_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    way, token = jwt(), signed()
    found = identify(way, shown(token))
    monkeypatch.setattr("porch.shield.jwt.verify", None)
    assert identify(way, shown(token)) is found
    monkeypatch.setattr(clock, "now", 5000.0 + 300 + 30)
    monkeypatch.setattr(clock, "wall", lambda: NOW + 330)
    assert isinstance(identify(way, shown(token)), Unauthorized)


def test_nor_for_longer_than_keys_are(monkeypatch: pytest.MonkeyPatch) -> None:
    way, token = jwt(), signed(payload=claims(exp=NOW + 10 * FRESH))
    found = identify(way, shown(token))
    monkeypatch.setattr(clock, "now", 5000.0 + FRESH)
    again = identify(way, shown(token))
    assert isinstance(again, Identity)
    assert again is not found


def test_a_token_is_nowhere_in_memory_behind_it() -> None:
    way, token = jwt(), signed()
    identify(way, shown(token))
    assert all(token not in digest for digest in way._kept._kept)


def test_who_forges_is_not_listened_to_for_a_while() -> None:
    way = jwt()
    assert isinstance(identify(way, shown(signed())), Identity)
    start = signed().rpartition(b".")[0]
    for number in range(MOST_FORGERIES):
        forged = start + b".%d" % (1000 + number)
        assert isinstance(identify(way, shown(forged)), Unauthorized)
    other = signed(payload=claims(sub="bob"))
    assert isinstance(identify(way, shown(other)), TooManyFailures)
    assert isinstance(identify(way, shown(signed())), Identity), "it has held"
    assert isinstance(identify(way, shown(other, b"192.0.2.8")), Identity)


def test_who_has_expired_is_not_taken_for_a_forger() -> None:
    way, token = jwt(), signed(payload=claims(exp=NOW - 300))
    for _ in range(MOST_FORGERIES + 1):
        assert isinstance(identify(way, shown(token)), Unauthorized)
    assert isinstance(identify(way, shown(signed())), Identity)


# --- keys at a URL ----------------------------------------------------------------------------


def told(way: Jwt, story: Story, token: bytes) -> Any:
    verdict = identify(way, shown(token))
    assert isinstance(verdict, Later)
    heard: list[Any] = []
    verdict.then(heard.append)
    story.run()
    (found,) = heard
    return found


def test_the_first_waits_for_the_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    story = Story(key_set(RSA), monkeypatch)
    way = jwt(story.keys)
    assert isinstance(told(way, story, signed()), Identity)
    assert isinstance(identify(way, shown(signed())), Identity), "at once"
    assert story.asked == 1


def test_a_new_key_is_asked_for_and_the_token_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    story = Story(key_set(RSA), monkeypatch).tick()
    way = jwt(story.keys)
    assert isinstance(identify(way, shown(signed(EC, "ES256"))), Unauthorized), "asked just now"
    story.provider.answer = key_set(RSA, EC)
    story.tick(SELDOM)
    assert isinstance(told(way, story, signed(EC, "ES256")), Identity)


def test_without_keys_nobody_is_let_in_and_it_is_no_fault_of_his(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    story = Story(OSError("no route"), monkeypatch)
    way = jwt(story.keys)
    found = told(way, story, signed())
    assert isinstance(found, CannotTell)
    assert "https://id.test/jwks cannot be had: no route" in found.detail
    assert isinstance(identify(way, shown(signed())), CannotTell), "without asking again"
    assert isinstance(identify(way, shown(b"nonsense")), Unauthorized)


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["sub", "scope", "groups", "a"]), inner, max_size=3)
    ),
    max_leaves=6,
)
SIGNING = b"a shared secret that is long enough for it"


@given(st.dictionaries(st.sampled_from(["sub", "groups", "scope", "nbf", "iat"]), JSON, max_size=4))
def test_whatever_an_issuer_signs_is_a_verdict_and_makes_fields_that_can_be_sent(
    more: dict[str, Any],
) -> None:
    clock_wall, clock.wall = clock.wall, lambda: NOW
    try:
        key = secret_key(SIGNING.decode())
        rules = JwtRules(("HS256",), RULES.terms)
        judge = Judge([], {b"x-user": "user", b"x-groups": "groups", b"x-scope": "scope"})
        found = identify(
            jwt([key], judge, rules), shown(signed(SIGNING, "HS256", payload=claims() | more))
        )
    finally:
        clock.wall = clock_wall
    assert isinstance(found, Identity | Unauthorized | NotAllowed)
    if isinstance(found, Identity):
        assert found.lines.count(b"\r\n") == len(found.fields)
        assert not any(b"\n" in value or b"\0" in value for _, value in found.fields)
