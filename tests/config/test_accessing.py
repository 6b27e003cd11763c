"""What words about addresses become: one table where they are the same, files read and told of."""

import os
from pathlib import Path
from typing import Any

import pytest

from porch import clock
from porch.config import accessing
from porch.config.accessing import Accessing, announced, trusted
from porch.config.build import Built, build
from porch.config.load import load
from porch.config.loaded import Loaded
from porch.config.rehearse import rehearse, request_of
from porch.config.settings import RouteSettings
from porch.config.state import State
from porch.config.steps import complete
from porch.shield.access import Access, AccessDenied
from tests.support.mmdb import country, mmdb

DENIED, OTHER = b"192.0.2.7", b"198.51.100.7"
HEAD = 'listen = ":80"\n'
ROUTE = '[routes]\n"a.test" = "respond:204"\n"b.test" = "respond:204"\n'


def loaded(folder: Path, words: str, routes: str = ROUTE) -> Loaded:
    file = folder / "porch.toml"
    file.write_text(HEAD + words + "\n" + routes)
    return load(file)


def built(folder: Path, words: str, routes: str = ROUTE) -> Built:
    found = loaded(folder, words, routes)
    made = build(found, State())
    assert made is not None, found.report()
    return made


def problems(folder: Path, words: str) -> list[str]:
    found = loaded(folder, words)
    build(found, State())
    return [each.text for each in found.problems]


def status(of: Built, client: str, url: str = "http://a.test/") -> int:
    return rehearse(of, request_of("GET", url, []), client.encode()).status


def test_who_is_not_allowed_is_answered_403(tmp_path: Path) -> None:
    door = built(tmp_path, 'allow = ["10.0.0.0/8"]\ndeny = ["10.0.0.5"]')
    assert (status(door, "10.0.0.4"), status(door, "10.0.0.5")) == (204, 403)
    assert status(door, "192.0.2.1") == 403


def test_the_nearest_word_wins_and_each_for_itself(tmp_path: Path) -> None:
    routes = (
        '[routes]\n"a.test" = { to = "respond:204", allow = false }\n'
        '"b.test" = { to = "respond:204", allow = "192.0.2.0/24" }\n"c.test" = "respond:204"\n'
    )
    door = built(tmp_path, 'allow = "10.0.0.0/8"\ndeny = "192.0.2.9"', routes)
    seen = {
        (host, client): status(door, client, f"http://{host}.test/")
        for host in "abc"
        for client in ("10.0.0.1", "192.0.2.1", "192.0.2.9")
    }
    assert {key for key, each in seen.items() if each == 403} == {
        ("a", "192.0.2.9"),
        ("b", "10.0.0.1"),
        ("b", "192.0.2.9"),
        ("c", "192.0.2.1"),
        ("c", "192.0.2.9"),
    }


def test_routes_with_the_same_words_share_what_decides(tmp_path: Path) -> None:
    door = built(tmp_path, 'allow = "10.0.0.0/8"')
    owners = {
        id(hook.__self__)  # type: ignore[attr-defined]
        for entry in door.entries
        for hook in entry.route.plan.on_request
        if isinstance(getattr(hook, "__self__", None), Access)
    }
    assert len(owners) == 1


def test_where_nothing_is_said_there_is_nothing_to_ask(tmp_path: Path) -> None:
    made = loaded(tmp_path, "")
    assert Accessing(made, State()).filters(RouteSettings([made.config])) == []


def test_a_list_is_read_from_its_file_and_noticed_when_it_changes(tmp_path: Path) -> None:
    file = tmp_path / "blocked.txt"
    file.write_text("# of today\n192.0.2.0/24\n2001:db8::/32 ; x\n")
    door = built(tmp_path, 'deny = "file:blocked.txt"')
    assert [status(door, each) for each in ("192.0.2.7", "2001:db8::1", "10.0.0.1")] == [
        403,
        403,
        204,
    ]
    assert file in door.lists
    assert file in door.files


def test_what_is_wrong_in_a_list_is_told_by_its_line(tmp_path: Path) -> None:
    lines = "".join(f"wrong{number}\n" for number in range(8))
    (tmp_path / "blocked.txt").write_text(f"10.0.0.1\n{lines}")
    found = problems(tmp_path, 'deny = "file:blocked.txt"')
    assert len(found) == 6
    assert "blocked.txt:2: 'wrong0' is no address" in found[0]
    assert "has 3 more lines that are no network" in found[5]


@pytest.mark.parametrize(("content", "words"), [(None, "No such file"), ("# none\n", "is empty")])
def test_a_list_that_is_missing_or_empty_is_an_error(
    tmp_path: Path, content: str | None, words: str
) -> None:
    """An empty one of `allow` would let nobody in, and one of `deny` everybody."""
    if content is not None:
        (tmp_path / "x.txt").write_text(content)
    for word in ("allow", "deny", "trust", "proxy_protocol"):
        (found,) = problems(tmp_path, f'{word} = ["file:x.txt"]')
        assert words in found


def test_a_cdn_without_its_list_is_told_with_the_command(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, 'trust = ["cloudflare"]')
    assert "networks/cloudflare.txt" in found
    assert "porch networks cloudflare writes it" in found


def test_a_cdns_old_list_is_warned_about(tmp_path: Path) -> None:
    file = tmp_path / "networks" / "cloudflare.txt"
    file.parent.mkdir()
    file.write_text("192.0.2.0/24\n")
    assert problems(tmp_path, 'trust = ["cloudflare"]') == []
    old = clock.wall() - accessing.OLD - 86400
    os.utime(file, (old, old))
    (found,) = problems(tmp_path, 'trust = ["cloudflare"]')
    assert "181 days old; porch networks cloudflare writes it anew" in found


def test_peers_are_networks_files_and_unix_sockets(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("192.0.2.0/24\n")
    words = '["10.0.0.0/8", "unix", "file:x.txt"]'
    made = loaded(tmp_path, f"trust = {words}\nproxy_protocol = {words}")
    for peers in (trusted(made), announced(made)):
        assert [str(each) for each in peers.networks] == ["10.0.0.0/8", "192.0.2.0/24"]
        assert peers.unix
        assert peers.files == [tmp_path / "x.txt"]


def test_countries_and_operators_are_asked_of_the_files(tmp_path: Path) -> None:
    (tmp_path / "c.mmdb").write_bytes(mmdb({"192.0.2.0/24": country("DE")}))
    (tmp_path / "a.mmdb").write_bytes(
        mmdb({"198.51.100.0/24": {"autonomous_system_number": 64496}}, "Test-ASN")
    )
    door = built(
        tmp_path,
        'geo = ["c.mmdb", "a.mmdb"]\nallow = ["country:DE", "asn:64496"]\ngeo_fields = true',
    )
    clients = ("192.0.2.1", "198.51.100.1", "203.0.113.1", "10.0.0.1")
    assert [status(door, each) for each in clients] == [204, 204, 403, 403]
    assert tmp_path / "c.mmdb" in door.lists


def test_a_limit_can_count_by_country(tmp_path: Path) -> None:
    (tmp_path / "c.mmdb").write_bytes(mmdb({"192.0.2.0/24": country("DE")}))
    state = State()
    build(loaded(tmp_path, 'geo = "c.mmdb"'), state)
    assert (state.country_of(b"192.0.2.1"), state.country_of(b"10.0.0.1")) == (b"DE", None)
    build(loaded(tmp_path, ""), state)
    assert state.country_of(b"192.0.2.1") is None


def test_origins_are_told_where_a_client_is(tmp_path: Path) -> None:
    (tmp_path / "c.mmdb").write_bytes(mmdb({"192.0.2.0/24": country("DE")}))
    routes = '[routes]\n"a.test" = ":1"\n'
    door = built(tmp_path, 'geo = "c.mmdb"\ngeo_fields = true', routes)
    forged = [("X-Client-Country", "US")]
    sent = rehearse(door, request_of("GET", "http://a.test/", forged), b"192.0.2.1").sent
    assert sent is not None
    assert [value for name, value in sent.fields if name == b"x-client-country"] == [b"DE"]


@pytest.mark.parametrize(("content", "words"), [(None, "No such file"), (b"x", "MaxMind's format")])
def test_a_file_of_places_that_is_missing_or_damaged_is_an_error(
    tmp_path: Path, content: bytes | None, words: str
) -> None:
    if content is not None:
        (tmp_path / "c.mmdb").write_bytes(content)
    (found,) = problems(tmp_path, 'geo = "c.mmdb"')
    assert words in found


def test_a_long_list_is_read_in_steps(tmp_path: Path) -> None:
    lines = "".join(f"10.{n >> 8 & 255}.{n & 255}.1\n" for n in range(5000))
    (tmp_path / "x.txt").write_text(lines)
    made = loaded(tmp_path, 'deny = "file:x.txt"')
    steps = 0
    access = Accessing(made, State())
    settings = RouteSettings([made.config])
    for _ in access.preparing(settings):
        steps += 1
    assert steps > 100
    assert len(access.filters(settings)) == 1
    complete(access.preparing(settings))


def test_paths_whose_readings_differ_in_who_may_come_in_are_refused(tmp_path: Path) -> None:
    routes = (
        '[routes]\n"a.test" = "respond:204"\n'
        '"a.test/x/*" = { to = "respond:204", allow = "10.0.0.0/8" }\n'
    )
    door = built(tmp_path, "", routes)
    seen: dict[str, Any] = {
        path: status(door, "192.0.2.1", f"http://a.test{path}") for path in ("/x/", "/y%2f../x/")
    }
    assert seen == {"/x/": 403, "/y%2f../x/": 400}


SITES = """[routes]
"a.test" = "respond:204"
"a.test/page" = { to = "respond:204", challenge = true }
"id.test/app/*" = { to = ":1", auth.oidc = { issuer = "http://127.0.0.1:1", client_id = "x" } }
"open.test/x" = { to = "respond:204", headers = {} }
"closed.test/x" = "respond:204"
"*.wide.test/x" = "respond:204"
[site."a.test"]
www = "redirect"
[site."open.test"]
deny = false
[site."closed.test"]
deny = ["10.0.0.0/8"]
[site."*.wide.test"]
deny = ["10.0.0.0/8"]
"""
WHERE = [
    ("http://a.test/", 204),
    ("http://www.a.test/x", 308),
    ("http://nobody.test/", 404),
    ("http://id.test/elsewhere", 404),
    ("http://id.test/.porch/oidc/callback?state=p.x&code=y", 400),
    ("http://id.test/.porch/logout", 403),
    ("http://a.test/page", 403),
]


@pytest.mark.parametrize(("url", "otherwise"), WHERE)
def test_who_is_denied_at_the_top_is_told_nothing_else_by_any_answer_of_the_door(
    tmp_path: Path, url: str, otherwise: int
) -> None:
    door = built(tmp_path, 'deny = ["192.0.2.0/24"]', SITES)
    found = [rehearse(door, request_of("GET", url, []), client) for client in (DENIED, OTHER)]
    assert isinstance(found[0].error, AccessDenied)
    assert not isinstance(found[1].error, AccessDenied)
    assert (found[0].status, found[1].status) == (403, otherwise)


@pytest.mark.parametrize(
    ("url", "client", "expected"),
    [
        ("http://open.test/y", DENIED, 404),
        ("http://closed.test/y", b"10.0.0.1", 403),
        ("http://x.wide.test/y", b"10.0.0.1", 403),
        ("http://a.test.wide.test:8080/", b"10.0.0.1", 403),
        ("http://wide.test/", b"10.0.0.1", 404),
        ("http://a.test/", b"10.0.0.1", 204),
    ],
)
def test_where_no_route_is_the_hosts_own_words_hold(
    tmp_path: Path, url: str, client: bytes, expected: int
) -> None:
    door = built(tmp_path, 'deny = ["192.0.2.0/24"]', SITES)
    assert rehearse(door, request_of("GET", url, []), client).status == expected


def test_without_such_words_nothing_is_asked_where_no_route_is(tmp_path: Path) -> None:
    door = built(tmp_path, "", '[routes]\n"a.test" = "respond:204"\n')
    found = rehearse(door, request_of("GET", "http://b.test/", []), DENIED)
    assert found.status == 404
    assert found.route is not None
    names = [type(getattr(each, "__self__", None)).__name__ for each in found.route.plan.on_request]
    assert not [each for each in names if "Access" in each]
