"""The words of a login, and which of them are refused."""

from typing import Any

import pytest
from pydantic import ValidationError

from porch.config.schema_oidc import OidcModel

WORDS = {"issuer": "https://id.test", "client_id": "door"}


def test_an_issuer_and_a_client_suffice() -> None:
    found = OidcModel.model_validate(WORDS)
    assert (found.issuer, found.client_id, found.client_secret) == ("https://id.test", "door", None)
    assert OidcModel.model_validate(WORDS | {"renew": "10m"}).renew == 600.0


@pytest.mark.parametrize(
    ("word", "value", "why"),
    [
        ("issuer", "id.test", "no URL"),
        ("client_id", "", "empty"),
        ("client_secret", "", "empty"),
        ("scopes", ["email"], "openid"),
        ("scopes", ["openid", "a b"], "no scope"),
        ("scopes", [], "openid"),
        ("algorithms", ["none"], "no algorithm"),
        ("algorithms", ["HS256"], "no algorithm"),
        ("algorithms", [], "no token"),
        ("parameters", {"state": "x"}, "says itself"),
        ("parameters", {"redirect_uri": "x"}, "says itself"),
        ("callback", "x", "plain path"),
        ("callback", "//x", "plain path"),
        ("callback", "/a/../b", "plain path"),
        ("callback", "/%2e", "plain path"),
        ("logout", "/*", "plain path"),
        ("after_logout", "https://evil.test", "plain path"),
        ("client_auth", "none", "basic"),
        ("lifetime", "0s", "0"),
        ("helth", True, "Extra"),
    ],
)
def test_what_makes_no_sense_is_refused(word: str, value: Any, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        OidcModel.model_validate(WORDS | {word: value})
