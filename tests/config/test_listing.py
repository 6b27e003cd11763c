"""Lists of providers that are somebody else's."""

from typing import Any

import pytest

from porch.balance.discover.found import Found
from porch.config import listing
from porch.config.listing import Listing, address_of, looked_over, nothing_yet, protocols_of
from porch.config.steps import complete
from porch.forward.address import BOTH, ONE, TWO


def looked(*found: Any) -> tuple[Any, str]:
    return complete(looked_over([*found]))


def test_addresses_are_spelled_in_one_way():
    texts = ["a:1", "http://b", "https://c", "https://c:8443", "unix:/run/u.sock", "[fd00:0::1]:80"]
    texts.append("h2c://d:9")
    entries, faults = looked(*map(Found, texts))
    assert [name for name, _, _ in entries] == [
        "a:1",
        "b:80",
        "https://c:443",
        "https://c:8443",
        "unix:/run/u.sock",
        "[fd00::1]:80",
        "h2c://d:9",
    ]
    assert faults == ""


def test_weight_and_priority_are_kept():
    assert looked(Found("a:1", 0, 5), Found("b:1", 65535, 65535))[0] == (
        ("a:1", 0, 5),
        ("b:1", 65535, 65535),
    )


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ("a:1", "'a:1' is no Found"),
        (None, "None is no Found"),
        (("a:1", 1, 0), "is no Found"),
        (Found(7), "7 is no address"),  # type: ignore[arg-type]
        (Found({"to": "a:1"}), "is no address"),  # type: ignore[arg-type]
        (Found("a" * 400 + ":1"), "is no address"),
        (Found("a:1\n"), "is no address"),
        (Found("a"), "is no endpoint; one has a port"),
        (Found("respond:503"), "is no endpoint"),
        (Found("dns:a:80"), "is no endpoint"),
        (Found("h2://a:1"), "'h2://a:1': write https://, which speaks HTTP/2"),
        (Found("a:0"), "port 0 does not exist"),
        (Found("a:1", -1), "the weight of 'a:1' is -1"),
        (Found("a:1", 65536), "the weight of 'a:1' is 65536"),
        (Found("a:1", True), "the weight of 'a:1' is True"),
        (Found("a:1", 1.5), "the weight"),  # type: ignore[arg-type]
        (Found("a:1", float("nan")), "the weight"),  # type: ignore[arg-type]
        (Found("a:1", 1, -1), "the priority of 'a:1' is -1"),
        (Found("a:1", 1, "x"), "the priority"),  # type: ignore[arg-type]
    ],
)
def test_rubbish_is_named_and_left_out(entry, why):
    entries, faults = looked(Found("good:1"), entry)
    assert [name for name, _, _ in entries] == ["good:1"]
    assert faults.startswith("left out of 2 entries: 2: ")
    assert why in faults


def test_a_second_one_of_the_same_is_left_out():
    entries, faults = looked(Found("a:80", 1), Found("http://a", 2))
    assert entries == (("a:80", 1, 0),)
    assert "2: 'a:80' stands there twice" in faults


def test_of_much_rubbish_little_is_told():
    _, faults = looked(*range(100))
    assert faults.count("is no Found") == listing.TOLD
    assert faults.endswith("and 97 more")


@pytest.mark.parametrize("found", [None, 7, "a:1", b"a:1", {"a": 1}, object()])
def test_what_is_no_list_has_no_entries(found):
    entries, faults = complete(looked_over(found))
    assert entries == ()
    assert "a list of Found is wanted" in faults


def test_a_list_has_a_bound(monkeypatch):
    monkeypatch.setattr(listing, "MOST", 2)
    entries, faults = looked(*(Found(f"a:{port}") for port in (1, 2, 3)))
    assert len(entries) == 2
    assert faults == "only the first 2 of 3 entries are used"


def test_a_list_is_looked_over_an_entry_a_step():
    assert sum(1 for _ in looked_over([Found("a:1")] * 50)) == 50


def test_an_endpoint_is_called_what_its_address_is():
    assert address_of("https://a:443") == "a:443"
    assert address_of("h2c://a:443") == "a:443"
    assert address_of("unix:/run/u") == "unix:/run/u"
    found = (("https://a:443", 1, 0), ("b:1", 1, 0))
    assert Listing(source="x", found=found).addresses == ["a:443", "b:1"]


def test_why_a_pool_is_empty_is_said_of_each_source():
    listings = {
        "a": Listing(source="a", trouble="no such name"),
        "b": Listing(source="b", found=(("x:1", 1, 0),)),
    }
    assert nothing_yet(listings, ["a", "b", "c"]) == (
        "discovery of a has found nothing yet: no such name; "
        "discovery of c has found nothing yet: no answer so far"
    )


@pytest.mark.parametrize(
    ("name", "protocols"),
    [("a:1", ONE), ("unix:/a", ONE), ("h2c://a:1", TWO), ("https://a:1", BOTH)],
)
def test_what_is_spoken_with_an_entry_is_told_by_its_scheme(
    name: str, protocols: tuple[str, ...]
) -> None:
    assert protocols_of(name) == protocols
