"""The index: which sites an authority has, and what is remembered about it."""

import pytest

from porch.http.message import RequestHead
from porch.route.entry import Entry, rank
from porch.route.pattern import parse_key
from porch.route.route import Route
from porch.route.site import Choice, Site, Sites
from porch.route.when import parse_when


def entry(key: str, **when: object) -> Entry:
    return Entry(pattern=parse_key(key), route=Route(key=key), conditions=parse_when(when))


def names(sites: tuple[Site, ...]) -> list[str]:
    """The key of each site's whole host."""
    return [site.whole.only.key for site in sites if site.whole and site.whole.only]


@pytest.mark.parametrize(
    ("authority", "keys"),
    [
        (b"b.a.test", ["b.a.test", "*.a.test", "*.test", "*"]),
        (b"B.A.Test.:8080", ["b.a.test", "*.a.test", "*.test", "*"]),
        (b"c.b.a.test", ["*.b.a.test", "*.a.test", "*.test", "*"]),
        (b"a.test", ["*.test", "*"]),
        (b"test", ["*"]),
        (b".test", ["*"]),
        (b"a..test", ["*"]),
        (b"*", ["*"]),
        (b"*.a.test", ["*.a.test", "*.test", "*"]),
        (b"", ["*"]),
    ],
)
def test_sites_go_from_the_host_itself_to_ever_wider_ones(
    authority: bytes, keys: list[str]
) -> None:
    hosts = ["*", "*.test", "*.a.test", "*.b.a.test", "b.a.test"]
    assert names(Sites([entry(host) for host in hosts])[authority]) == keys


def test_an_unknown_host_has_no_site() -> None:
    assert Sites([entry("a.test")])[b"b.test"] == ()


def test_an_authority_is_worked_out_once() -> None:
    sites = Sites([entry("a.test")])
    assert sites[b"a.test:80"] is sites[b"a.test:80"]
    assert set(sites) == {b"a.test:80"}


def test_what_is_remembered_is_bounded_but_holds_every_host(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("porch.route.site._REMEMBERED", 3)
    sites = Sites([entry(f"{number}.test") for number in range(50)])
    for number in range(50):
        assert len(sites[b"%d.test" % number]) == 1
    assert len(sites) == 50
    for number in range(1000):
        assert sites[b"%d.example" % number] == ()
        assert len(sites) <= 103


def test_a_site_keeps_exact_paths_prefixes_regexes_and_the_rest_apart() -> None:
    keys = ["a.test/x", "a.test/x/*", "a.test/long/*", "a.test/~/x", "a.test"]
    site = Site(sorted(map(entry, keys), key=rank))
    assert list(site.exact) == [b"/x"]
    assert set(site.prefixes) == {b"/x", b"/long"}
    assert site.longest == len(b"/long")
    assert len(site.regexes) == 1
    assert site.whole is not None


def test_a_choice_takes_the_first_whose_conditions_hold() -> None:
    entries = [entry("POST a.test", header={"x": "1"}), entry("POST a.test"), entry("a.test")]
    choice = Choice(entries)

    def pick(method: bytes, *fields: tuple[bytes, bytes]) -> Route | None:
        return choice.pick(RequestHead(method, b"/", b"a.test", b"http", [*fields]), b"10.0.0.1")

    assert choice.only is None
    assert pick(b"POST", (b"x", b"1")) is entries[0].route
    assert pick(b"POST") is entries[1].route
    assert pick(b"GET") is entries[2].route


def test_a_choice_without_conditions_is_known_beforehand_and_one_with_may_be_none() -> None:
    alone = entry("a.test")
    assert Choice([alone]).only is alone.route
    request = RequestHead(b"GET", b"/", b"a.test", b"http", [])
    assert Choice([entry("POST a.test")]).pick(request, b"10.0.0.1") is None
