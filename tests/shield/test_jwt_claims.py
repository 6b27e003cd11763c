"""For whom, by whom and when."""

from typing import Any

import pytest

from porch.shield.jwt_claims import Terms
from porch.shield.jwt_token import BadToken
from tests.support.tokens import NOW, claims

TERMS = Terms(issuers=("https://id.test",), audiences=("door", "other"), leeway=30.0)


@pytest.mark.parametrize(
    "found",
    [
        claims(),
        claims(exp=NOW + 0.5),
        claims(exp=NOW - 29),
        claims(nbf=NOW + 29, iat=NOW + 29),
        claims(nbf=NOW - 1000),
        claims(aud=["x", "other"]),
    ],
)
def test_what_holds(found: dict[str, Any]) -> None:
    assert TERMS.check(found, NOW) == found["exp"] + 30


@pytest.mark.parametrize(
    "found",
    [
        claims(exp=None),
        claims(exp=NOW - 30),
        claims(exp=str(NOW + 300)),
        claims(exp=True),
        claims(exp=[NOW + 300]),
        claims(exp=-1),
        claims(exp=1e300),
        claims(exp=float("inf")),
        claims(exp=10**40),
        claims(nbf=NOW + 31),
        claims(nbf="0"),
        claims(iat=NOW + 31),
        claims(iss=None),
        claims(iss="https://id.test/"),
        claims(iss="HTTPS://id.test"),
        claims(iss=["https://id.test"]),
        claims(aud=None),
        claims(aud="doors"),
        claims(aud=[]),
        claims(aud=[["door"]]),
        claims(aud={"door": 1}),
        claims(aud="door other"),
    ],
)
def test_what_does_not(found: dict[str, Any]) -> None:
    with pytest.raises(BadToken):
        TERMS.check(found, NOW)


def test_where_nobody_is_named_anybody_does() -> None:
    assert Terms().check({"exp": NOW + 1}, NOW) == NOW + 31
