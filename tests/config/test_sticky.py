"""The word `sticky` as a pool with a cookie."""

from pathlib import Path
from typing import Any

import pytest

from porch.balance.sticky import Sticky
from porch.balance.upstream import Upstream
from porch.config.build import Built, build
from porch.config.load import load, load_mapping
from porch.config.loaded import Loaded
from porch.config.rehearse import request_of
from porch.config.state import State
from porch.config.sticky import cookie_path
from porch.route.pattern import parse_key

TWO = [":1", ":2"]
SECRET = "0123456789abcdef"


def built(**words: Any) -> Built:
    return made(load_mapping(words))


def made(loaded: Loaded) -> Built:
    found = build(loaded, State())
    assert found is not None, loaded.report()
    return found


def pool(of: Built, url: str = "http://a.test/") -> Any:
    return of.settings.router.find(request_of("GET", url, []), b"192.0.2.1").destination


def value(of: Built) -> bytes:
    found: Sticky = pool(of)
    return found._value(found.endpoints[0])


def test_a_route_a_site_the_top_or_a_pool_can_have_sticky_clients() -> None:
    for of in (
        built(routes={"a.test": {"to": TWO, "sticky": True}}),
        built(routes={"a.test": TWO}, site={"a.test": {"sticky": True}}),
        built(routes={"a.test": TWO}, sticky=True),
        built(routes={"a.test": "p"}, pool={"p": {"servers": TWO, "sticky": True}}),
        built(routes={"a.test": "p"}, pool={"p": {"servers": TWO}}, sticky=True),
    ):
        assert isinstance(pool(of), Sticky)
        route = of.settings.router.find(request_of("GET", "http://a.test/", []), b"192.0.2.1")
        assert pool(of).on_response in route.plan.on_response
    off = built(routes={"a.test": {"to": TWO, "sticky": False}}, sticky=True)
    assert isinstance(pool(off), Upstream)
    off = built(routes={"a.test": "p"}, pool={"p": {"servers": TWO, "sticky": False}}, sticky=True)
    assert isinstance(pool(off), Upstream)


def test_without_it_nothing_is_in_the_way() -> None:
    of = built(routes={"a.test": TWO})
    assert isinstance(pool(of), Upstream)
    assert not of.needs_key


def test_the_cookie_is_named_after_the_pool_or_as_is_said() -> None:
    routes = {"a.test": {"to": TWO, "sticky": True}, "a.test/x/*": {"to": TWO, "sticky": True}}
    of = built(routes=routes)
    one, two = pool(of).cookie, pool(of, "http://a.test/x/").cookie
    assert one.name != two.name
    assert one.name.startswith("porch-")
    assert (one.path, two.path) == ("/", "/x")
    named = built(routes={"a.test": {"to": TWO, "sticky": "sid"}})
    assert pool(named).cookie.name == "sid"


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("a.test", "/"),
        ("a.test/x", "/x"),
        ("a.test/x/*", "/x"),
        ("a.test/~^/u/[0-9]+", "/"),
    ],
)
def test_its_path_is_that_of_the_route(key: str, path: str) -> None:
    assert cookie_path(parse_key(key)) == path


def test_two_pools_of_one_host_with_one_cookie_are_told() -> None:
    two = {"a.test/x/*": "p", "a.test/y/*": "q"}
    pools = {"p": {"servers": TWO}, "q": {"servers": [":3", ":4"]}}
    loaded = load_mapping({"routes": two, "pool": pools, "sticky": "sid"})
    assert build(loaded, State()) is None
    assert loaded.problems[0].text == (
        "routes.\"a.test/y/*\": another pool of this host has the sticky cookie 'sid' already; "
        "give each its own, or write sticky = true"
    )
    built(routes=two, pool=pools, sticky=True)
    built(routes={"a.test": "p", "b.test": "q"}, pool=pools, sticky="sid")
    built(routes={"a.test/x/*": "p", "a.test/y/*": "p"}, pool={"p": pools["p"]}, sticky="sid")
    own = {"a.test/x/*": {"to": TWO}, "a.test/y/*": {"to": [":3"]}}
    built(routes=own, sticky="sid")


def test_it_is_signed_with_the_doors_key_or_a_secret() -> None:
    words = {"routes": {"a.test": {"to": TWO, "sticky": True}}}
    one, two, three = (load_mapping(words) for _ in range(3))
    one.signing_key = two.signing_key = b"1" * 32
    three.signing_key = b"2" * 32
    assert value(made(one)) == value(made(two)) != value(made(three))
    assert made(one).needs_key
    assert value(built(**words)) != value(built(**words)), "who only checks has no key"
    own = {"routes": {"a.test": {"to": TWO, "sticky": {"secret": SECRET}}}}
    assert value(built(**own)) == value(built(**own))
    assert not built(**own).needs_key


def test_a_secret_can_be_in_a_file_or_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text(SECRET + "\n")
    monkeypatch.setenv("PORCH_TEST_SECRET", SECRET)
    found = set()
    for written in ("file:secret", "${PORCH_TEST_SECRET}"):
        file = tmp_path / "porch.toml"
        file.write_text(f'[routes."a.test"]\nto = ":1"\nsticky = {{ secret = "{written}" }}\n')
        found.add(value(made(load(file))))
    assert len(found) == 1
