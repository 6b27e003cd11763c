"""A configuration as bytes and back: what is built of it is the same, and no file is needed."""

import pickle
import re
from pathlib import Path
from typing import Any

import pytest
import trustme

from porch.config.build import Built, build
from porch.config.handover import WEIGHT, pack, unpack
from porch.config.load import load, load_mapping
from porch.config.loaded import Loaded
from porch.config.rehearse import rehearse, request_of
from porch.config.state import State
from porch.config.steps import complete

AUTHORITY = trustme.CA()

EVERYTHING = """
listen = ["127.0.0.1:8080", "https://127.0.0.1:8443"]
error_page = "page.html"
trust = "private"
grace = "7s"
log = "combined"
limits = { head = "9KB" }

[routes]
"a.test/x/*" = { to = ["10.0.0.1:1", { to = "10.0.0.2:1", weight = 3 }], strip = true }
"a.test/~/(?P<n>[0-9]+)" = { to = "redirect:https://b.test/{n}", status = 307 }
"POST a.test" = { to = "https://b.test", tls = { ca = "ca.pem", server_name = "c.test" } }
"a.test" = { to = "api", headers = { request = { X-A = "1", X-B = false }, secure = true } }
"a.test/gone" = "respond:410"
"*.b.test" = { to = "unix:/run/b.sock", timeouts = { idle = "9s" }, limits = { body = "1KB" } }
[[routes."c.test"]]
to = ":1"
when = { header = { x = "~[a-z]+$" }, client = "10.0.0.0/8", method = ["GET", "PUT"] }
priority = 2
[[routes."c.test"]]
to = ":2"
upgrade = false

[site."a.test"]
cert = "a.test.pem"
key = "a.test.key"
www = "redirect"
retry = 1

[pool.api]
servers = ["10.0.0.3:1", "10.0.0.4:1"]
balance = "round-robin"

[[expect]]
get = "https://a.test/gone"
status = 410
"""


def written(folder: Path) -> Path:
    made = AUTHORITY.issue_cert("a.test")
    made.cert_chain_pems[0].write_to_path(folder / "a.test.pem")
    made.private_key_pem.write_to_path(folder / "a.test.key")
    AUTHORITY.cert_pem.write_to_path(folder / "ca.pem")
    (folder / "page.html").write_text("<p>ours {status}")
    file = folder / "porch.toml"
    file.write_text(EVERYTHING)
    return file


def built(loaded: Loaded) -> Built:
    made = build(loaded, State())
    assert made is not None, loaded.report()
    return made


def handed_over(loaded: Loaded) -> Loaded:
    return complete(unpack(pack(loaded)))


def described(of: Built) -> list[object]:
    """All that a route is, in what can be compared."""
    return [
        (
            each.pattern,
            str(each.conditions),
            each.priority,
            each.route.key,
            each.route.where,
            each.route.target,
            each.route.timeouts,
            each.route.limits,
            each.route.retry.text,
            each.route.upgrades,
            each.route.access,
            repr(each.route.plan),
            [(e.name, e.weight) for e in getattr(each.route.destination, "endpoints", ())],
        )
        for each in of.entries
    ]


def test_what_is_built_is_the_same_and_needs_no_file(tmp_path: Path) -> None:
    loaded = load(written(tmp_path))
    before = built(loaded)
    pieces = pack(loaded)
    for file in tmp_path.iterdir():
        file.unlink()
    after = built(complete(unpack(pieces)))
    assert described(after) == described(before)
    assert len(after.entries) == 9
    assert after.listen == before.listen
    assert after.files == before.files
    assert (after.grace, after.settings.limits) == (7.0, before.settings.limits)
    assert after.certificates.presented.by_host.keys() == {"a.test"}
    assert after.settings.client_ip is not None


@pytest.mark.parametrize(
    ("method", "url", "status", "sends"),
    [
        ("GET", "https://a.test/x/y", 0, ["http://10.0.0.1:1/y", "http://10.0.0.2:1/y"]),
        ("GET", "https://a.test/7", 307, []),
        ("POST", "https://a.test/", 0, ["https://b.test/"]),
        ("GET", "https://a.test/", 0, ["http://10.0.0.3:1/", "http://10.0.0.4:1/"]),
        ("GET", "http://a.test/", 308, []),
        ("GET", "https://a.test/gone", 410, []),
        ("GET", "https://x.b.test/", 0, ["unix:/run/b.sock:/"]),
        ("GET", "https://c.test/", 0, ["http://127.0.0.1:2/"]),
        ("GET", "http://www.a.test/z", 308, []),
        ("GET", "http://d.test/", 404, []),
    ],
)
def test_a_request_goes_the_same_way(
    tmp_path: Path, method: str, url: str, status: int, sends: list[str]
) -> None:
    loaded = load(written(tmp_path))
    before = built(loaded)
    for made in (before, built(handed_over(loaded))):
        found = rehearse(made, request_of(method, url, []), b"192.0.2.1")
        assert (found.status, found.sends) == (status, sends)


def test_the_models_are_equal_in_what_was_said(tmp_path: Path) -> None:
    loaded = load(written(tmp_path))
    built(loaded)
    after = handed_over(loaded)
    assert [each.model for each in after.routes] == [each.model for each in loaded.routes]
    for one, two in zip(after.routes, loaded.routes, strict=True):
        assert one.model.model_fields_set == two.model.model_fields_set
        assert (one.pattern, one.targets, one.path) == (two.pattern, two.targets, two.path)
    assert (after.sites, after.pools) == (loaded.sites, loaded.pools)
    assert after.config.log == loaded.config.log
    assert (after.name, after.base, after.files) == (loaded.name, loaded.base, loaded.files)
    assert after.ok


def test_what_only_a_report_needs_stays_behind(tmp_path: Path) -> None:
    file = written(tmp_path)
    loaded = load(file)
    built(loaded)
    after = handed_over(loaded)
    assert (after.expects, after.config.routes, after.dotted) == ([], {}, [])
    assert file not in after.contents
    assert [*after.places] == [("site", "a.test", "www")]


def test_a_configuration_from_python_is_handed_over_too() -> None:
    class Name(str):
        """A text of a kind of its own, as enums and templates have."""

    routes = {Name("a.test"): {Name("to"): [Name(":1")], "when": {"cookie": {"x": "1"}}}}
    loaded = load_mapping({"routes": routes, "server": "door"})
    after = built(handed_over(loaded))
    assert described(after) == described(built(loaded))
    assert after.settings.own_fields == ((b"server", b"door"),)


def test_what_is_no_plain_data_is_named() -> None:
    found = load_mapping({"routes": {f"{number}.test": ":1" for number in range(30)}})
    found.routes[7].where = lambda: None  # type: ignore[assignment]
    with pytest.raises(
        ValueError, match=re.escape('the route "7.test"') + ".*cannot be handed to the workers"
    ):
        pack(found)
    found = load_mapping({"routes": {"*": "p"}, "pool": {"p": {"servers": ":1"}}})
    found.pools["p"] = lambda: None  # type: ignore[assignment]
    with pytest.raises(ValueError, match="the pool 'p' cannot be handed to the workers"):
        pack(found)


def test_an_equal_regex_in_use_is_not_compiled_again() -> None:
    loaded = load_mapping({"routes": {"a.test/~/x+y": ":1"}})
    (before,) = loaded.routes
    (after,) = handed_over(loaded).routes
    assert before.pattern is not None
    assert after.pattern is not None
    assert after.pattern.regex is before.pattern.regex


# --- pieces ----------------------------------------------------------------------------------


def loads_a_step(loaded: Loaded) -> list[int]:
    """How many routes each step of unpacking brings."""
    counts = []
    known = 0
    steps = unpack(pack(loaded))
    frame: Any = steps.gi_frame  # type: ignore[attr-defined]
    for _ in steps:
        now = len(frame.f_locals["loaded"].routes)
        counts.append(now - known)
        known = now
    return counts


def test_no_step_brings_more_than_its_share_of_ten_thousand_routes() -> None:
    routes: dict[str, Any] = {f"a{n % 500}.test/{n}/*": ":1" for n in range(10_000)}
    counts = loads_a_step(load_mapping({"routes": routes}))
    assert sum(counts) == 10_000
    assert max(counts) == WEIGHT
    assert len(counts) == 10_000 // WEIGHT + 1


def test_a_route_with_targets_weighs_more_and_one_with_a_regex_comes_alone() -> None:
    routes: dict[str, Any] = {f"a.test/{n}": [f":{n}" for n in range(1, 9)] for n in range(10)}
    routes |= {f"b.test/~/{n}": ":1" for n in range(3)}
    counts = loads_a_step(load_mapping({"routes": routes}))
    assert counts == [0, *[1] * 10, 1, 1, 1]


def test_pieces_are_small(tmp_path: Path) -> None:
    routes = {f"a{n}.test": f"10.0.0.1:{n + 1}" for n in range(1000)}
    pieces = pack(load_mapping({"routes": routes}))
    assert max(map(len, pieces)) < 6000
    assert pickle.loads(pieces[0])[0] == "head"


def test_workers_sign_with_the_key_that_the_supervisor_has() -> None:
    loaded = load_mapping(
        {"routes": {"*": [":1", {"to": ":2", "priority": 3, "weight": 0, "proxy_protocol": "v1"}]}}
    )
    loaded.signing_key = b"k" * 32
    again = complete(unpack(pack(loaded)))
    assert again.signing_key == b"k" * 32
    assert [(each.weight, each.priority) for each in again.routes[0].targets] == [(1, 0), (0, 3)]
    assert [each.announces for each in again.routes[0].targets] == ["", "v1"]
