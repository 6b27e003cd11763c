"""A set of keys. When it is asked for: test_fetched.py."""

import pytest

from porch.shield.jwks import KeySet
from tests.support.tokens import EC, RSA, key_set


def made() -> KeySet:
    def nobody() -> None:
        raise AssertionError

    return KeySet("https://id.test/jwks", b"/jwks", nobody, lambda _: None, lambda _: None)  # type: ignore[arg-type]


def test_it_tells_which_tokens_it_could_verify() -> None:
    keys = made()
    assert not keys.has("RS256", "rsa")
    keys.take(key_set(RSA))
    assert keys.has("RS256", "rsa")
    assert keys.has("RS256", "")
    assert not keys.has("RS256", "other")
    assert not keys.has("ES256", "rsa")
    keys.take(key_set(EC))
    assert not keys.has("RS256", "rsa"), "revoked"
    keys.forget()
    assert keys.keys == []


@pytest.mark.parametrize("body", [b"<html>", b'{"keys":[]}', b"{}", b"[]"])
def test_an_answer_without_a_key_changes_nothing(body: bytes) -> None:
    keys = made()
    keys.take(key_set(RSA))
    with pytest.raises(ValueError, match=r"\w"):
        keys.take(body)
    assert keys.has("RS256", "rsa")
