"""From the words to how a pool is looked after."""

from typing import Any

import pytest

from porch.balance.care import Care
from porch.balance.check import Check
from porch.balance.eject import Eject
from porch.balance.upstream import Upstream
from porch.config.build import build
from porch.config.load import load_mapping
from porch.config.state import State

AGENT = (b"user-agent", b"porch health")


def care(route: Any = None, pool: Any = None, **top: Any) -> Care:
    """Of the only pool there is."""
    routes = {"*": "p"} if pool is not None else {"*": {"to": ["a:1", "b:1"], **(route or {})}}
    pools = {"pool": {"p": {"servers": ["a:1", "b:1"], **pool}}} if pool is not None else {}
    loaded = load_mapping({"routes": routes, **pools, **top})
    made = build(loaded, State())
    assert made is not None, loaded.report()
    (found,) = made.upstreams
    assert isinstance(found, Upstream)
    return found.care


def test_nothing_said_is_no_check_and_ejection_by_default() -> None:
    assert care() == Care(check=None, eject=Eject(), slow_start=0.0)


def test_a_path_alone_is_a_check_with_all_defaults() -> None:
    assert care({"health": "/healthz"}).check == Check(target=b"/healthz", sends=(AGENT,))


def test_every_word_has_its_place() -> None:
    words = {
        "path": "/x",
        "every": "1s",
        "timeout": "500ms",
        "rise": 2,
        "fall": 3,
        "status": [200, 204],
        "body": "ok",
        "header": {"X-Ready": "yes", "X-Gone": False},
        "send": {"Authorization": "Basic YTpi", "User-Agent": "me"},
        "method": "POST",
        "host": "a.test",
        "port": 9000,
    }
    assert care({"health": words}).check == Check(
        method=b"POST",
        target=b"/x",
        host=b"a.test",
        sends=((b"user-agent", b"me"), (b"authorization", b"Basic YTpi")),
        port=9000,
        statuses=((200, 200), (204, 204)),
        body=b"ok",
        fields={b"x-ready": b"yes", b"x-gone": False},
        every=1.0,
        timeout=0.5,
        rise=2,
        fall=3,
    )
    eject = {"failures": 3, "rate": "5%", "of": 9, "slower": 4, "for": "10s", "most": "25%"}
    assert care({"eject": eject}).eject == Eject(
        failures=3, rate=0.05, of=9, slower=4, seconds=10, most=0.25
    )
    assert care({"slow_start": "30s"}).slow_start == 30
    assert care({"panic": "50%"}).panic == 0.5


def test_gRPC_is_asked_about_a_service() -> None:
    words = {"kind": "grpc", "service": "shop.Carts", "host": "a.test", "send": {"A": "b"}}
    assert care({"health": words}).check == Check(
        kind="grpc", service="shop.Carts", host=b"a.test", sends=(AGENT, (b"a", b"b"))
    )
    assert care({"health": "grpc"}).check == Check(kind="grpc", sends=(AGENT,))


def test_the_nearest_says_it_and_false_takes_it_out_of_what_is_above() -> None:
    top: Any = {"health": "/top", "eject": {"failures": 9}, "slow_start": "9s", "panic": "9%"}
    off = {"health": False, "eject": False, "slow_start": False, "panic": False}
    assert care(off, **top) == Care(eject=None)
    assert care(pool=off, **top) == Care(eject=None)
    for found in (care(**top), care(pool={}, **top)):
        assert found.check is not None
        assert (found.check.target, found.eject, found.slow_start) == (
            b"/top",
            Eject(failures=9),
            9.0,
        )
    for found in (care({"health": "/near"}, **top), care(pool={"health": "/near"}, **top)):
        assert found.check is not None
        assert found.check.target == b"/near"


def problems(words: Any, **target: Any) -> list[str]:
    loaded = load_mapping({"routes": {"*": {"to": ["a:1", "b:1"], **target, **words}}})
    return [f"{each.severity} {each.text}" for each in loaded.problems]


@pytest.mark.parametrize(
    ("health", "text"),
    [
        ({"kind": "tcp", "path": "/"}, "'path' says nothing about kind = \"tcp\"; take it out"),
        ({"kind": "py:a:b", "port": 1}, "'port' says nothing about kind = \"py:a:b\""),
        ({"kind": "grpc", "path": "/"}, "'path' says nothing about kind = \"grpc\""),
        ({"kind": "tcp", "service": "a"}, "'service' says nothing about kind = \"tcp\""),
        ({"path": "/", "service": "a"}, "'service' says nothing about kind = \"http\""),
        ({"method": "HEAD", "body": "ok"}, "an answer to HEAD has no body"),
        ({"send": {"Host": "a"}}, "write host = … for it"),
        ({"send": {"A B": "a"}}, "'A B' is not the name of a field"),
        ({"send": {"A": "a\nb"}}, "has no line ends"),
        ({"header": {"A B": True}}, "'A B' is not the name of a field"),
        ({"header": {"A": "a\nb"}}, "has no line ends"),
    ],
)
def test_what_does_not_go_together_is_said(health: Any, text: str) -> None:
    (found,) = problems({"health": health})
    assert found.startswith("error ")
    assert text in found
    loaded = load_mapping(
        {"routes": {"*": "p"}, "pool": {"p": {"servers": ["a:1"], "health": health}}}
    )
    assert text in loaded.report()


def test_beside_a_named_pool_or_no_origin_the_words_do_nothing() -> None:
    words: Any = {"health": "/x", "eject": False, "slow_start": "9s"}
    for found in (
        problems(words, to="respond:204"),
        load_mapping(
            {"routes": {"*": {"to": "p", **words}}, "pool": {"p": {"servers": "a:1"}}}
        ).report(),
    ):
        text = "\n".join(found) if isinstance(found, list) else found
        assert text.count("does nothing beside") == 3
