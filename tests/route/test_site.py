"""The index: which sites an authority has, and what is remembered about it."""

import pytest

from porch.http.message import RequestHead
from porch.route.entry import Entry
from porch.route.pattern import parse_key
from porch.route.route import Route
from porch.route.site import Choice, Site, Sites
from porch.route.when import parse_when


def entry(key: str, **when: object) -> Entry:
    return Entry(pattern=parse_key(key), route=Route(key=key), conditions=parse_when(when))


def sites_of(*keys: str) -> Sites:
    sites = Sites()
    for key in keys:
        sites.add(entry(key))
    return sites


def choice_of(*entries: Entry) -> Choice:
    choice = Choice(entries[0])
    for each in entries[1:]:
        choice.add(each)
    return choice


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
    assert names(sites_of(*hosts)[authority]) == keys


def test_an_unknown_host_has_no_site() -> None:
    assert sites_of("a.test")[b"b.test"] == ()


def test_an_authority_is_worked_out_once() -> None:
    sites = sites_of("a.test")
    assert sites[b"a.test:80"] is sites[b"a.test:80"]
    assert set(sites) == {b"a.test:80"}


def test_what_is_remembered_is_bounded_but_holds_every_host(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("porch.route.site._REMEMBERED", 3)
    sites = sites_of(*(f"{number}.test" for number in range(50)))
    for number in range(50):
        assert len(sites[b"%d.test" % number]) == 1
    assert len(sites) == 50
    for number in range(1000):
        assert sites[b"%d.example" % number] == ()
        assert len(sites) <= 103


def test_a_site_keeps_exact_paths_prefixes_regexes_and_the_rest_apart() -> None:
    keys = ["a.test/x", "a.test/x/*", "a.test/long/*", "a.test/~/x", "a.test"]
    site = Site()
    for key in keys:
        site.add(entry(key))
    assert list(site.exact) == [b"/x"]
    assert set(site.prefixes) == {b"/x", b"/long"}
    assert site.longest == len(b"/long")
    assert len(site.regexes) == 1
    assert site.whole is not None


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_a_choice_takes_the_first_whose_conditions_hold(order: tuple[int, ...]) -> None:
    entries = [entry("POST a.test", header={"x": "1"}), entry("POST a.test"), entry("a.test")]
    choice = choice_of(*(entries[place] for place in order))

    def pick(method: bytes, *fields: tuple[bytes, bytes]) -> Route | None:
        return choice.pick(RequestHead(method, b"/", b"a.test", b"http", [*fields]), b"10.0.0.1")

    assert choice.only is None
    assert pick(b"POST", (b"x", b"1")) is entries[0].route
    assert pick(b"POST") is entries[1].route
    assert pick(b"GET") is entries[2].route


def test_a_choice_without_conditions_is_known_beforehand_and_one_with_may_be_none() -> None:
    alone = entry("a.test")
    assert Choice(alone).only is alone.route
    request = RequestHead(b"GET", b"/", b"a.test", b"http", [])
    assert Choice(entry("POST a.test")).pick(request, b"10.0.0.1") is None


def test_regexes_are_asked_in_their_order_however_they_came() -> None:
    keys = ["a.test/~/b", "POST a.test/~/c", "a.test/~/a"]
    for made in (keys, keys[::-1]):
        site = Site()
        for key in made:
            site.add(entry(key))
        found = [choice.first.pattern.key for _, choice in site.regexes]
        assert found == ["POST a.test/~/c", "a.test/~/a", "a.test/~/b"]


def test_what_is_released_knows_nothing_any_more_and_goes_by_one_each_step() -> None:
    keys = ["a.test", "a.test/x", "a.test/y/*", "a.test/~/z", "*.b.test", "*"]
    sites = sites_of(*keys)
    assert len(sites[b"a.test"]) == 2
    steps = len([*sites.releasing()])
    assert steps >= len(keys)
    assert dict(sites) == {}
    assert sites[b"x.b.test"] == ()
