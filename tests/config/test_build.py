"""What a configuration becomes: routes with their hooks, pools, addresses, files to watch."""

from pathlib import Path
from typing import Any

import pytest
import trustme

from porch.cache.locks import Locks
from porch.cache.memory_store import MemoryStore
from porch.cache.passes import Passes
from porch.cache.shelf import Shelf
from porch.cache.status_field import CacheStatus
from porch.config.build import Built, build
from porch.config.load import load, load_mapping
from porch.config.loaded import Loaded
from porch.config.logs import Logs
from porch.config.rehearse import rehearse, request_of
from porch.config.state import State
from porch.errors import NoSite
from porch.exchange import Exchange
from porch.filter import Response
from porch.observe.ended import Ended
from porch.route.route import Route
from porch.shield.hsts import StrictTransport

AUTHORITY = trustme.CA()


def loaded(**words: Any) -> Loaded:
    return load_mapping({"routes": {"*": ":1"}} | words, "porch.toml")


def built(*, state: State | None = None, **words: Any) -> Built:
    found = loaded(**words)
    made = build(found, state or State())
    assert made is not None, found.report()
    return made


def problems(**words: Any) -> list[str]:
    """What building finds, in a configuration that was fine until then."""
    found = loaded(**words)
    assert found.ok, found.report()
    assert (build(found, State()) is None) == (not found.ok)
    return [f"{each.severity}: {each.text}" for each in found.problems]


def route(of: Built, url: str = "http://a.test/", method: str = "GET") -> Route:
    return of.settings.router.find(request_of(method, url, []), b"192.0.2.1")


def certificate(folder: Path, name: str) -> dict[str, str]:
    made = AUTHORITY.issue_cert(name)
    made.cert_chain_pems[0].write_to_path(folder / f"{name}.pem")
    made.private_key_pem.write_to_path(folder / f"{name}.key")
    return {"cert": f"{folder}/{name}.pem", "key": f"{folder}/{name}.key"}


def test_what_was_refused_is_not_built() -> None:
    assert build(loaded(routes={"*": ":x"}), State()) is None


def test_http_2_without_tls_is_taken_where_it_is_asked_for_and_can_be() -> None:
    assert not built().settings.h2c
    assert built(h2c=True, listen=":8080").settings.h2c
    told = problems(h2c=True, listen="https://127.0.0.1:1")
    text = "no address speaks plain HTTP, so that nobody can begin with HTTP/2 there"
    assert f"warning: h2c: {text}" in told


# --- routes ----------------------------------------------------------------------------------


def test_a_route_has_its_words_its_target_and_its_place(tmp_path: Path) -> None:
    file = tmp_path / "porch.toml"
    file.write_text(
        'retry = 1\n[routes]\n"a.test/x/*" = { to = ["10.0.0.1:1", "https://b.test"], '
        'strip = true, timeouts = { idle = "7s" }, limits = { body = "1KB" }, upgrade = false }\n'
    )
    found = load(file)
    made = build(found, State())
    assert made is not None, found.report()
    (entry,) = made.entries
    assert entry.route.key == "a.test/x/*"
    assert entry.route.where == f"{file}:3"
    assert entry.route.target == "10.0.0.1:1, https://b.test"
    assert (entry.route.timeouts.idle, entry.route.limits.body) == (7.0, 1024)
    assert (entry.route.retry.attempts, entry.route.upgrades) == (1, frozenset())
    assert entry.route.rewrite is not None


def test_priority_and_conditions_are_the_entrys() -> None:
    routes = {"a.test": [{"to": ":1", "when": {"cookie": {"x": "1"}}, "priority": 3}, {"to": ":2"}]}
    first, second = built(routes=routes).entries
    assert (first.priority, len(first.conditions)) == (3, 1)
    assert (second.priority, len(second.conditions)) == (0, 0)


@pytest.mark.parametrize(
    ("to", "target"),
    [
        (":3000", "127.0.0.1:3000"),
        ("http://b.test", "b.test:80"),
        ("https://b.test:8443", "https://b.test:8443"),
        ("https://[::1]", "https://[::1]"),
        ("unix:/run/u.sock", "unix:/run/u.sock"),
        ("pool", "10.0.0.1:80, https://c.test"),
        ("redirect:https://b.test", "redirect:https://b.test"),
        ("respond:404", "respond:404"),
    ],
)
def test_a_target_is_shown_as_its_addresses(to: str, target: str) -> None:
    pool = {"pool": {"servers": ["http://10.0.0.1", "https://c.test"]}}
    made = built(routes={"*": to}, pool=pool)
    assert route(made).target == target
    assert (route(made).destination is None) == to.startswith(("redirect", "respond"))


def test_routes_to_one_place_by_two_names_are_no_two_readings() -> None:
    made = built(
        routes={"*/x/*": "pool", "*": "10.0.0.1:80"}, pool={"pool": {"servers": "10.0.0.1:80"}}
    )
    assert route(made, "http://a.test/x/%2e%2e/").key == "*/x/*"


def test_access_differs_where_upgrades_or_rewrites_do() -> None:
    routes: dict[str, Any] = {
        "a.test": ":1",
        "b.test": ":1",
        "c.test": {"to": ":1", "upgrade": False},
        "d.test": {"to": ":1", "rewrite": "/x"},
        "e.test": {"to": ":1", "rewrite": "/y"},
        "f.test": {"to": "file:/usr/bin", "files": {"hidden": True}},
    }
    made = built(routes=routes)
    access = [each.route.access for each in made.entries]
    assert access[0] == access[1]
    assert len(set(access)) == 5


# --- what stands beside the routes -----------------------------------------------------------


def test_what_no_route_takes_has_a_plan_that_is_logged() -> None:
    log = Ended([])
    found = loaded(routes={"b.test/x": ":1"})
    made = build(found, State(), Logs(log))
    assert made is not None
    for url, key in (("http://a.test/", "no-site"), ("http://b.test/", "no-route")):
        assert route(made, url).key == key
        assert log.on_end in route(made, url).plan.on_end
    assert log.on_end in made.settings.malformed.plan.on_end
    assert log.on_end in made.entries[0].route.plan.on_end
    log.close()


@pytest.mark.parametrize(
    ("word", "fields"),
    [(True, ((b"server", b"porch"),)), ("door", ((b"server", b"door"),)), (False, ())],
)
def test_our_own_name_is_a_setting(word: object, fields: object) -> None:
    assert built(server=word).settings.own_fields == fields


def test_bounds_and_timeouts_of_connections_are_those_of_the_top() -> None:
    made = built(
        limits={"head": "9KB", "request_line": "5KB", "fields": 7, "streams": 1000},
        timeouts={"head": "3s"},
    )
    limits = made.settings.limits
    assert (limits.head, limits.request_line, limits.fields) == (9216, 5120, 7)
    assert made.settings.streams == 1000
    assert built().settings.streams == 128
    assert made.settings.timeouts.head == 3.0


def test_nobody_is_trusted_unless_said() -> None:
    assert built().settings.client_ip is None
    request = request_of("GET", "http://a.test/", [("X-Forwarded-For", "192.0.2.7")])
    for trust, peer in (
        ("10.0.0.0/8", b"10.0.0.1"),
        ("private", b"192.168.0.1"),
        ("unix", b"unix"),
    ):
        client_ip = built(trust=trust).settings.client_ip
        assert client_ip is not None
        assert client_ip(peer, request) == b"192.0.2.7"
        assert client_ip(b"192.0.2.1", request) == b"192.0.2.1"


def test_grace_and_watch_are_handed_on() -> None:
    made = built(grace="7s", watch=True)
    assert (made.grace, made.watch) == (7.0, True)


def test_www_is_redirected_to_the_host() -> None:
    made = built(routes={"a.test": ":1"}, site={"a.test": {"www": "redirect"}})
    found = rehearse(made, request_of("GET", "http://www.a.test/x?y", []), b"192.0.2.1")
    assert (found.status, found.location) == (308, "//a.test/x?y")
    assert found.route is not None
    assert (found.route.key, found.route.where) == ("www.a.test", "porch.toml")


def test_www_beside_a_route_of_its_own_is_an_error_unless_that_has_conditions() -> None:
    site = {"a.test": {"www": "redirect"}}
    routes: dict[str, Any] = {"a.test": ":1", "www.a.test": ":2"}
    assert problems(routes=routes, site=site) == [
        'error: site."a.test".www: "www.a.test" has a route of its own already; keep one of them'
    ]
    routes["www.a.test"] = {"to": ":2", "when": {"cookie": {"x": "1"}}}
    assert problems(routes=routes, site=site) == []
    routes = {"a.test": ":1", "www.a.test/x": ":2"}
    assert problems(routes=routes, site=site) == []


# --- listeners and certificates --------------------------------------------------------------


def test_https_of_the_default_stays_closed_without_a_certificate() -> None:
    assert [str(each) for each in built().listen] == [":80"]


def test_https_of_the_default_opens_with_one(tmp_path: Path) -> None:
    made = built(routes={"a.test": ":1"}, site={"a.test": certificate(tmp_path, "a.test")})
    assert [str(each) for each in made.listen] == [":80", ":443"]


def test_https_that_was_asked_for_wants_a_certificate() -> None:
    assert problems(listen="https://127.0.0.1:8443") == [
        'error: listen: HTTPS needs a certificate: [site."example.com"] cert = "…", key = "…"'
    ]


def test_a_certificate_that_is_bad_is_the_only_thing_that_is_said_of_it(tmp_path: Path) -> None:
    site = certificate(tmp_path, "a.test")
    (tmp_path / "bad.key").write_text("no key")
    (found,) = problems(
        listen="https://127.0.0.1:8443",
        routes={"a.test": ":1"},
        site={"a.test": site | {"key": str(tmp_path / "bad.key")}},
    )
    assert "bad.key" in found


@pytest.mark.parametrize(
    ("url", "listen", "location"),
    [
        ("http://a.test/x", [":80", ":443"], "https://a.test/x"),
        ("http://a.test/x", [":80", "https://:8443"], "https://a.test:8443/x"),
        ("https://a.test/x", [":80", ":443"], ""),
        ("http://b.test/x", [":80", ":443"], ""),
        ("http://a.test/x", [":80"], ""),
    ],
)
def test_a_host_with_a_certificate_is_redirected_to_https_where_there_is_any(
    tmp_path: Path, url: str, listen: list[str], location: str
) -> None:
    made = built(
        routes={"a.test": ":1", "b.test": ":1"},
        site={"a.test": certificate(tmp_path, "a.test"), "b.test": {"cert": False}},
        listen=listen,
    )
    assert rehearse(made, request_of("GET", url, []), b"192.0.2.1").location == location


def test_certificates_of_no_use_are_an_error(tmp_path: Path) -> None:
    words = certificate(tmp_path, "a.test")
    (tmp_path / "a.test.key").write_text("hello")
    (found,) = problems(routes={"a.test": ":1"}, site={"a.test": words})
    assert "is not a PEM file that can be used" in found


# --- files -----------------------------------------------------------------------------------


def test_every_file_is_watched(tmp_path: Path) -> None:
    certificate(tmp_path, "a.test")
    AUTHORITY.cert_pem.write_to_path(tmp_path / "ca.pem")
    (tmp_path / "page.html").write_text("<p>{status}")
    (tmp_path / "more.toml").write_text('[routes]\n"b.test" = ":1"\n')
    file = tmp_path / "porch.toml"
    file.write_text(
        'include = "more.toml"\nerror_page = "page.html"\n[routes]\n'
        '"a.test" = { to = "https://c.test", tls = { ca = "ca.pem" } }\n'
        '[site."a.test"]\ncert = "a.test.pem"\nkey = "a.test.key"\n'
    )
    found = load(file)
    made = build(found, State())
    assert made is not None, found.report()
    names = {path.name for path in made.files}
    assert names == {"porch.toml", "more.toml", "page.html", "a.test.pem", "a.test.key", "ca.pem"}


def lost() -> Exchange:
    return Exchange(
        None,  # type: ignore[arg-type]
        None,  # type: ignore[arg-type]
        request_of("GET", "http://a.test/", [("Accept", "text/html")]),
        Route(key="-"),
        b"192.0.2.1",
    )


def page(of: Built) -> Response:
    return of.settings.error_page(lost(), NoSite("a secret"))


def test_error_pages_are_made_of_the_template_and_tell_details_only_with_debug(
    tmp_path: Path,
) -> None:
    (tmp_path / "page.html").write_text("<p>ours {status}")
    ours = page(built(error_page=f"{tmp_path}/page.html"))
    assert (ours.status, ours.body) == (404, b"<p>ours 404")
    assert b"a secret" not in page(built()).body
    assert b"a secret" in page(built(debug=True)).body


def test_the_error_page_of_who_went_past_the_cache_says_so() -> None:
    state = State()
    locks = Locks.make()
    state.shelf = Shelf(MemoryStore(1 << 20), Locks(locks), Passes(locks))
    exchange = lost()
    state.shelf.notes[exchange] = CacheStatus(fwd="bypass")
    made = built(state=state).settings.error_page(exchange, NoSite(""))
    assert (b"cache-status", b"Porch; fwd=bypass") in made.fields
    assert not state.shelf.notes


def test_a_template_of_no_use_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_bytes(b"\xff\xfe\x00")
    (found,) = problems(error_page=f"{tmp_path}/page.html")
    assert found.startswith(f"error: error_page: {tmp_path}/page.html cannot be used: ")


def test_hsts_of_a_wildcard_is_sent_by_the_hosts_below_it_too(tmp_path: Path) -> None:
    def sent(host: str) -> list[bytes]:
        hooks = [getattr(each, "__self__", None) for each in route(found, host).plan.on_response]
        return [each._field[1] for each in hooks if isinstance(each, StrictTransport)]

    found = built(
        listen="https://:8443",
        routes=dict.fromkeys(("a.test", "*.a.test", "x.a.test", "y.a.test"), ":1"),
        site={
            "*.a.test": {"hsts": "1h", **certificate(tmp_path, "*.a.test")},
            "y.a.test": {"hsts": "2h"},
        },
    )
    assert sent("https://z.a.test/") == sent("https://x.a.test/") == [b"max-age=3600"]
    assert sent("https://y.a.test/") == [b"max-age=7200"]
    assert sent("https://a.test/") == []
