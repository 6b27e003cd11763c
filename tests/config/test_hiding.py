"""From the words that keep origins and internal routes unseen to filters and routes."""

from pathlib import Path
from typing import Any

from porch.config.build import Built, build
from porch.config.hiding import INTERNAL
from porch.config.load import load_mapping
from porch.config.rehearse import rehearse, request_of
from porch.config.state import State
from porch.errors import BadRequest, NoRoute
from porch.route.route import Route
from porch.shield.hide import TELLING, Hide
from porch.shield.internal import SendInternal, StripInternal

CLIENT = b"192.0.2.1"


def built(routes: dict[str, Any], **words: Any) -> Built:
    loaded = load_mapping({"routes": routes, "request_id": False, **words}, "porch.toml")
    made = build(loaded, State())
    assert made is not None, loaded.report()
    return made


def route(of: Built, path: str) -> Route:
    return of.settings.router.find(request_of("GET", f"http://a.test{path}", []), CLIENT)


def owners(of: Route) -> list[object]:
    hooks = (*of.plan.on_upstream_response, *of.plan.on_response)
    return list(dict.fromkeys(getattr(hook, "__self__", None) for hook in hooks))


def kinds(of: Route) -> list[type]:
    return [type(each) for each in owners(of)]


def test_where_nothing_is_said_nothing_is_done() -> None:
    assert owners(route(built({"a.test": ":1"}), "/")) == []


def test_hide_takes_off_what_tells_and_what_is_said_besides() -> None:
    (found,) = owners(
        route(built({"a.test": {"to": ":1", "hide": {"fields": "X-A", "keep": "Via"}}}), "/")
    )
    assert isinstance(found, Hide)
    assert found.rules.names == (frozenset(TELLING) | {"x-a"}) - {"via"}
    assert kinds(route(built({"a.test": {"to": ":1", "hide": False}}, hide=True), "/")) == []


def test_a_route_that_may_not_send_inside_tells_no_path_where_there_is_one() -> None:
    inside = {"a.test/in/*": {"to": "file:/usr/share", "internal": True}}
    made = built({"a.test": ":1", "a.test/x/*": {"to": ":1", "accel": True}, **inside})
    assert kinds(route(made, "/")) == [StripInternal]
    assert kinds(route(made, "/x/")) == [SendInternal]


def test_a_client_finds_no_internal_route_and_an_origin_does(tmp_path: Path) -> None:
    made = built(
        {
            "a.test": {"to": ":1", "accel": True},
            "a.test/in/*": {"to": f"file:{tmp_path}", "internal": True},
        }
    )
    request = request_of("GET", "http://a.test/in/x", [])
    shown = rehearse(made, request, CLIENT)
    assert shown.status == 404
    assert isinstance(shown.error, NoRoute)
    assert shown.route is not None
    assert (shown.route.target, shown.route.destination) == (INTERNAL, None)
    (sends,) = owners(route(made, "/"))
    assert isinstance(sends, SendInternal)
    found = sends._find(request, CLIENT, None)
    assert found is not None
    assert found.target.startswith("file:")
    assert found.plan.on_end == (), "the request of the client is logged, and once"
    assert sends._find(request_of("GET", "http://a.test/", []), CLIENT, None) is None
    assert sends._find(request_of("GET", "http://b.test/in/x", []), CLIENT, None) is None


def test_a_path_of_two_readings_one_of_which_is_inside_is_refused() -> None:
    made = built(
        {
            "a.test": {"to": ":1", "accel": True},
            "a.test/in/*": {"to": "file:/usr/share", "internal": True},
        }
    )
    for path in ("/%69n/x", "/y/..%2fin/x", "/in;x/y", "//in/x"):
        shown = rehearse(made, request_of("GET", f"http://a.test{path}", []), CLIENT)
        assert shown.status in (400, 404), path
        assert isinstance(shown.error, BadRequest | NoRoute)


def test_folders_of_internal_routes_are_known_by_the_paths_that_are_asked_for(
    tmp_path: Path,
) -> None:
    for name in ("www", "cut", "re", "any", "other"):
        (tmp_path / name).mkdir()
    made = built(
        {
            "a.test": {"to": ":1", "accel": True},
            "a.test/in/*": {"to": f"file:{tmp_path}/www", "internal": True},
            "a.test/cut/*": {"to": f"file:{tmp_path}/cut", "internal": True, "strip": True},
            "a.test/re/*": {"to": f"file:{tmp_path}/re", "internal": True, "rewrite": "/x{path}"},
            "*/any/*": {"to": f"file:{tmp_path}/any", "internal": True},
            "b.test/other/*": {"to": f"file:{tmp_path}/other", "internal": True},
            "a.test/pool/*": {"to": ":2", "internal": True},
        }
    )
    (sends,) = owners(route(made, "/"))
    assert isinstance(sends, SendInternal)
    root = str(tmp_path).encode()
    assert [len(each) for each, _ in sends._roots] == sorted(
        (len(each) for each, _ in sends._roots), reverse=True
    ), "the narrowest first"
    assert sorted(sends._roots) == [
        (root + b"/any/any", b"/any"),
        (root + b"/cut", b"/cut"),
        (root + b"/www/in", b"/in"),
    ]
