"""What `auth` keeps over reloads."""

from typing import Any
from urllib.parse import urlsplit

import pytest

from porch.config.auth_state import AuthState, target_of
from porch.tls.origin import Authorities

NONE = Authorities()
URL = "http://id.test:8080/jwks?x=1"


def test_a_set_of_keys_outlives_a_reload_that_asks_for_it() -> None:
    state = AuthState(serves=True)
    first = state.key_set(URL, NONE)
    assert state.key_set(URL, NONE) is first
    state.commit()
    state.begin()
    assert state.key_set(URL, NONE) is first
    state.commit()
    state.begin()
    state.commit()
    assert state.key_set(URL, NONE) is not first


def test_what_is_known_of_a_provider_outlives_a_reload_too() -> None:
    state = AuthState(serves=True)
    first = state.discovery("http://id.test", NONE)
    state.commit()
    state.begin()
    assert state.discovery("http://id.test", NONE) is first
    assert state.discovery("http://other.test", NONE) is not first
    assert AuthState(serves=False).discovery("http://id.test", NONE).why


def test_what_never_ran_is_forgotten() -> None:
    state = AuthState(serves=True)
    first = state.key_set(URL, NONE)
    state.begin()
    assert state.key_set(URL, NONE) is not first


def test_only_those_in_force_are_asked_for() -> None:
    spawned: list[Any] = []
    state = AuthState(serves=True)
    state.spawn = spawned.append
    state.key_set(URL, NONE)
    state.tick()
    assert spawned == []
    state.commit()
    state.tick()
    assert len(spawned) == 1
    spawned.pop().close()


def test_where_nobody_serves_nobody_is_asked() -> None:
    state = AuthState(serves=False)
    found = state.key_set(URL, NONE)
    state.commit()
    state.tick()
    assert found.why == "nobody asks for them here"
    assert state.passwords.thread is None
    with pytest.raises(ValueError, match="nobody is asked here"):
        state.client(URL, NONE)


@pytest.mark.parametrize(
    ("url", "host", "port", "is_secure"),
    [
        (URL, "id.test", 8080, False),
        ("http://id.test/", "id.test", 80, False),
        ("https://id.test/", "id.test", 443, True),
        ("https://[::1]:8443/x", "::1", 8443, True),
    ],
)
def test_who_asks_at_a_url(url: str, host: str, port: int, is_secure: bool) -> None:
    made: list[Any] = []
    state = AuthState(serves=True)
    state.make_client = lambda *asked: made.append(asked)  # type: ignore[assignment]
    state.client(url, NONE)
    ((address, authority, keeps),) = made
    assert keeps == 0
    assert (address.host, address.port, address.tls is not None) == (host, port, is_secure)
    assert authority == urlsplit(url).netloc.encode()


@pytest.mark.parametrize(
    ("url", "target"),
    [(URL, b"/jwks?x=1"), ("http://a.test", b"/"), ("http://a.test?x", b"/?x")],
)
def test_what_is_asked_for(url: str, target: bytes) -> None:
    assert target_of(urlsplit(url)) == target
