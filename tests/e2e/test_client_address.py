"""Which client an origin hears of behind trusted proxies: the one that the door has found."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import Door, echo

CLIENT, EVIL = "203.0.113.7", "6.6.6.6"
FORGED = {
    "X-Real-IP": EVIL,
    "X_Real_IP": EVIL,
    "X.Real.IP": EVIL,
    "Forwarded": f"for={EVIL}",
    "CF-Connecting-IP": EVIL,
    "True-Client-IP": EVIL,
    "Fastly-Client-IP": EVIL,
    "X-Client-IP": EVIL,
    "X-Cluster-Client-IP": EVIL,
    "Forwarded-For": EVIL,
    "X-Original-URL": f"/{EVIL}",
}
"""What a client writes, and a proxy that appends to X-Forwarded-For alone passes on."""
BEHIND = """listen = ["127.0.0.1:0"]
h2c = true
workers = 1
underscores = true
forwarded = true
trust = ["127.0.0.0/8", "10.0.0.0/8"]
[routes]
"*" = "127.0.0.1:{port}"
"""


@pytest.fixture
def behind(door: Callable[..., Door], origin: Any) -> Door:
    return door(BEHIND.format(port=origin(echo).port))


def heard(at: Door, fields: dict[str, str], *, http2: bool = False) -> list[str]:
    """The lines that the origin got, in lower case."""
    with httpx.Client(http1=not http2, http2=http2, trust_env=False) as client:
        answer = client.get(at.url, headers=fields)
    assert answer.status_code == 200
    return answer.text.lower().split("\r\n")


@pytest.mark.parametrize("http2", [False, True])
@pytest.mark.parametrize(
    "chain", [CLIENT, f"{EVIL}, {CLIENT}", f"{EVIL}, 127.0.0.1, {CLIENT}, 10.0.0.9"]
)
def test_an_origin_hears_of_the_client_that_the_door_has_found(
    behind: Door, chain: str, http2: bool
) -> None:
    lines = heard(behind, {**FORGED, "X-Forwarded-For": chain}, http2=http2)
    assert [each for each in lines if "real" in each] == [f"x-real-ip: {CLIENT}"]
    assert [each for each in lines if each.startswith("forwarded:")] == [
        f'forwarded: for={CLIENT}, for=127.0.0.1;proto=http;host="127.0.0.1:{behind.port}"'
    ]
    with_evil = [each for each in lines if EVIL in each]
    assert with_evil == [f"x-forwarded-for: {chain}, 127.0.0.1"] * (EVIL in chain)


def test_what_forwarded_says_alone_counts_for_nobody_and_the_operator_hears_why(
    behind: Door,
) -> None:
    lines = heard(behind, {"Forwarded": f"for={CLIENT};proto=https;host=bank.test"})
    assert f"x-real-ip: {CLIENT}" not in lines
    assert "x-real-ip: 127.0.0.1" in lines
    assert "x-forwarded-proto: http" in lines
    assert not any("bank.test" in each for each in lines)
    behind.wait_until(lambda: "in Forwarded, and not in" in behind.errors, "a message")


def test_a_cdns_own_field_that_tells_the_truth_passes(behind: Door) -> None:
    said = {"X-Forwarded-For": f"{EVIL}, {CLIENT}", "CF-Connecting-IP": CLIENT}
    assert f"cf-connecting-ip: {CLIENT}" in heard(behind, said)


def test_two_doors_tell_of_the_client_of_the_first(behind: Door, door: Callable[..., Door]) -> None:
    """The first believes nobody."""
    first = door(f'listen = ["127.0.0.1:0"]\n[routes]\n"*" = "127.0.0.1:{behind.port}"\n')
    lines = heard(first, {**FORGED, "X-Forwarded-For": f"{EVIL}, {CLIENT}"})
    assert "x-real-ip: 127.0.0.1" in lines
    assert not [each for each in lines if EVIL in each or CLIENT in each]
