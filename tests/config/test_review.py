"""What no single table can tell; the golden files have the sentences of whole files."""

from pathlib import Path
from typing import Any

import pytest

from porch.config.load import Loaded, load_mapping

ROUTES = {"a.test": "a:1"}


def problems(**words: Any) -> list[str]:
    return [each.text for each in loaded(**words).problems]


def loaded(**words: Any) -> Loaded:
    return load_mapping({"routes": ROUTES, **words})


@pytest.mark.parametrize(
    "listen",
    [
        [":80", "unix:/run/a.sock", "[::1]:81"],
        ["127.0.0.1:80", "127.0.0.2:80"],
        [":0", ":0"],
    ],
)
def test_addresses_that_differ_are_fine(listen):
    assert problems(listen=listen) == []


@pytest.mark.parametrize(
    ("listen", "sentence"),
    [
        ([":80", "*:80"], "listen[1]: '*:80' is the same address as ':80'"),
        ([":80", "https://:80"], "listen[1]: 'https://:80' is the same address as ':80'"),
        (["unix:/a", "unix:/a"], "listen[1]: 'unix:/a' is the same address as 'unix:/a'"),
        ([], "listen: 'listen' is empty; a door needs an address, such as \":8080\""),
    ],
)
def test_addresses_that_cannot_be_bound_together_are_refused(listen, sentence):
    assert problems(listen=listen) == [sentence]


def test_files_that_are_named_can_be_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("there.pem").touch()
    there = {"cert": "there.pem", "key": "there.pem"}
    assert problems(error_page="there.pem", tls={"ca": "there.pem"}, site={"a.test": there}) == []
    gone = {"cert": "gone.pem", "key": "gone.pem", "tls": {"ca": "gone.pem"}}
    assert problems(error_page="gone.pem", tls={"ca": "gone.pem"}, site={"a.test": gone}) == [
        "error_page: gone.pem does not exist",
        "tls.ca: gone.pem does not exist",
        'site."a.test".cert: gone.pem does not exist',
        'site."a.test".key: gone.pem does not exist',
        'site."a.test".tls.ca: gone.pem does not exist',
    ]
    Path("folder").mkdir()
    assert problems(error_page="folder") == ["error_page: folder cannot be read: Is a directory"]


def test_files_are_looked_for_beside_the_configuration(tmp_path):
    (tmp_path / "page.html").touch()
    found = Loaded(base=tmp_path)
    assert (found.base / "page.html").exists()


def test_sites_are_known_by_their_host_in_normal_form():
    found = loaded(routes={"xn--mnchen-3ya.test": "a:1"}, site={"MÜNCHEN.test": {"retry": 1}})
    assert found.problems == []
    assert list(found.sites) == ["xn--mnchen-3ya.test"]


def test_a_site_that_stands_twice_is_refused():
    assert 'the site "a.test" stands in' in problems(site={"a.test": {}, "A.test": {}})[0]


@pytest.mark.parametrize("host", ["a.test:80", "http://a.test", "a b", "a.*.test"])
def test_a_site_that_is_no_host_is_refused(host):
    assert len(problems(site={host: {}})) == 1


@pytest.mark.parametrize("host", ["www.a.test", "*.a.test", "*", "10.0.0.1", "[::1]"])
def test_www_is_redirected_where_there_can_be_one(host):
    found = problems(routes={host: "a:1"}, site={host: {"www": "redirect"}})
    assert found == [f"{found[0].partition(': ')[0]}: there is no www.{host} to redirect from"]


@pytest.mark.parametrize(
    ("table", "word"),
    [
        ("timeouts", {"head": "1s"}),
        ("timeouts", {"keep_alive": "1s"}),
        ("limits", {"request_line": "1KB"}),
        ("limits", {"head": "1KB"}),
        ("limits", {"fields": 5}),
        ("limits", {"interim": 5}),
        ("limits", {"streams": 5}),
    ],
)
def test_what_is_read_before_a_route_is_known_stands_at_the_top(table, word):
    assert problems(**{table: word}) == []
    sentence = f"is read before a route is known; write it at the top, in [{table}]"
    assert sentence in problems(routes={"a.test": {"to": "a:1", table: word}})[0]
    assert sentence in problems(site={"a.test": {table: word}})[0]


@pytest.mark.parametrize("headers", [{"X A": "b"}, {"X-A": "b\n"}, {"X-A": ["b", "c\0"]}])
def test_headers_are_checked_wherever_they_stand(headers):
    for direction in ("request", "response"):
        assert len(problems(headers={direction: headers})) == 1
    assert len(problems(site={"a.test": {"headers": headers}})) == 1
    assert len(problems(routes={"a.test": {"to": "a:1", "headers": headers}})) == 1


@pytest.mark.parametrize(
    ("pool", "sentence"),
    [
        ({"servers": []}, "pool.p.servers: 'servers' is empty; name an endpoint"),
        ({"servers": "b"}, "pool.p.servers[0]: 'b' has no port; write \"b:8000\""),
        ({"servers": "respond:503"}, "pool.p.servers[0]: 'respond:503' is no endpoint"),
        ({"servers": ["b:1", "b:x"]}, "pool.p.servers[1]: 'b:' is not a kind of target"),
    ],
)
def test_a_pool_has_endpoints_alone(pool, sentence):
    (found,) = problems(routes={"a.test": "p"}, pool={"p": pool})
    assert found.startswith(sentence)


@pytest.mark.parametrize("name", ["a.b", "80", "localhost", "a b", ""])
def test_a_pools_name_is_a_word(name):
    assert "cannot name a pool" in problems(pool={name: {"servers": "a:1"}})[0]


def test_what_nothing_leads_to_is_warned_about():
    found = loaded(
        routes={"shop.test": "a:1"},
        site={"shpo.test": {"retry": 1}},
        pool={"p": {"servers": "a:1"}},
    )
    assert found.ok
    assert [each.text for each in found.problems] == [
        'site."shpo.test": no route is for the host "shpo.test", so that this does nothing; '
        'did you mean "shop.test"?',
        "pool.p: no route leads to the pool 'p'",
    ]


def test_a_certificate_for_the_hosts_below_a_name_is_of_use(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a.pem").touch()
    files = {"cert": "a.pem", "key": "a.pem"}
    assert problems(routes={"x.a.test": "a:1"}, site={"*.a.test": files}) == []
    assert len(problems(routes={"x.y.a.test": "a:1"}, site={"*.a.test": files})) == 1


@pytest.mark.parametrize(
    ("host", "site", "route"),
    [
        ("*.a.test", {"hsts": "1y"}, "x.y.a.test"),
        ("*.a.test", {"tls_profile": "modern"}, "x.a.test"),
        ("*.a.test", {"client_ca": False}, "x.a.test"),
        ("*", {"hsts": "1y"}, "a.test"),
        ("x.a.test", {"client_ca": False}, "*.a.test"),
        ("x.a.test", {"tls_profile": "modern"}, "*"),
    ],
)
def test_words_of_a_host_are_of_use_to_those_below_it_and_those_of_handshakes_everywhere(
    host, site, route
):
    assert problems(routes={route: "a:1"}, site={host: site}) == []


@pytest.mark.parametrize(
    ("host", "site", "route"),
    [
        ("*.a.test", {"hsts": "1y"}, "a.test"),
        ("*.a.test", {"retry": 1}, "x.a.test"),
        ("x.a.test", {"hsts": "1y"}, "*.a.test"),
        ("x.a.test", {"tls_profile": "modern"}, "y.a.test"),
    ],
)
def test_and_others_are_not(host, site, route):
    (found,) = problems(routes={route: "a:1"}, site={host: site})
    assert f'no route is for the host "{host}", so that this does nothing' in found


def test_no_route_at_all_is_an_error():
    found = load_mapping({"listen": ":80"})
    assert [each.text for each in found.problems] == [
        'there is no route; add [routes] with one line such as "*" = "127.0.0.1:3000"'
    ]
    assert not found.ok


def test_a_group_needs_a_user():
    assert loaded(workers=4, user="www-data", group="adm").problems == []
    (problem,) = loaded(group="adm").problems
    assert problem.text.endswith("'group' stands beside 'user'; name the user too")


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"get": "http://a.test/"}, "the row expects nothing; add route, sends or status"),
        ({"status": 200}, 'the row has no URL; write get = "http://…"'),
        ({"get": "x", "url": "x", "status": 200}, "the row has two URLs; keep one"),
        ({"get": "x", "route": "a.tset"}, 'there is no route "a.tset"; did you mean "a.test"?'),
    ],
)
def test_a_row_of_expect_asks_for_something(row, sentence):
    (found,) = problems(expect=[row])
    assert found.endswith(sentence)


def test_a_row_may_name_a_route_that_has_problems_of_its_own():
    found = problems(
        routes={"a.test": {"to": "a:1", "helth": 1}}, expect=[{"get": "x", "route": "a.test"}]
    )
    assert len(found) == 1
