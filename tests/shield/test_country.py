"""Where an address is, by files that the tests make themselves."""

from pathlib import Path
from typing import Any

import pytest

from porch.config.steps import complete
from porch.http.message import RequestHead
from porch.shield import country as module
from porch.shield.country import NOWHERE, Place, Places, TellPlace, opening
from tests.support.mmdb import country, mmdb


class Exchange:
    """As far as this filter sees one."""

    def __init__(self, client_ip: bytes, *fields: tuple[bytes, bytes]) -> None:
        self.client_ip = client_ip
        self.request: Any = RequestHead(b"GET", b"/", b"a.test", b"http", [*fields])


def places(tmp_path: Path, *contents: bytes) -> Places:
    files = []
    for number, content in enumerate(contents):
        files.append(tmp_path / f"{number}.mmdb")
        files[-1].write_bytes(content)
    return Places([complete(opening(each)) for each in files])


BOTH = (
    mmdb({"192.0.2.0/24": country("DE"), "2001:db8::/32": country("fr")}),
    mmdb({"192.0.2.0/25": {"autonomous_system_number": 64496}}, "Test-ASN"),
)


def test_several_files_each_say_what_they_know(tmp_path: Path) -> None:
    found = places(tmp_path, *BOTH)
    assert found[b"192.0.2.1"] == Place(b"DE", 64496)
    assert found[b"192.0.2.200"] == Place(b"DE", 0)
    assert found[b"2001:db8::1"] == Place(b"FR", 0)
    assert found[b"198.51.100.1"] == found[b"unix"] == found[b"no address"] == NOWHERE


@pytest.mark.parametrize(
    ("record", "place"),
    [
        ({"registered_country": {"iso_code": "AT"}}, Place(b"AT", 0)),
        ({"country": {}, "registered_country": {"iso_code": "AT"}}, Place(b"AT", 0)),
        ({"country": "CH", "asn": "AS64497"}, Place(b"CH", 64497)),
        ({"country": {"iso_code": "X\r\n"}}, NOWHERE),
        ({"country": {"iso_code": "GER"}}, NOWHERE),
        ({"asn": "ASx"}, NOWHERE),
        ("text", NOWHERE),
    ],
)
def test_what_a_record_says_is_read_with_care(tmp_path: Path, record: Any, place: Place) -> None:
    assert places(tmp_path, mmdb({"192.0.2.0/24": record}))[b"192.0.2.1"] == place


def test_a_file_for_ipv4_knows_nothing_of_ipv6(tmp_path: Path) -> None:
    found = places(tmp_path, mmdb({"192.0.2.0/24": country("DE")}, version=4))
    assert found[b"192.0.2.1"].country == b"DE"
    assert found[b"2001:db8::1"] == NOWHERE


class Counting:
    """A database that counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def get(self, address: str) -> Any:
        self.asked += 1
        return country("DE")


def test_an_address_is_looked_up_once_and_what_is_remembered_is_bounded() -> None:
    database = Counting()
    found = Places([database])
    assert found[b"192.0.2.1"] is found[b"192.0.2.1"]
    assert database.asked == 1
    for number in range(module._REMEMBERED + 10):
        found[b"10.%d.%d.%d" % (number >> 16, number >> 8 & 255, number & 255)]
    assert len(found) <= module._REMEMBERED


def test_a_limit_can_count_by_country(tmp_path: Path) -> None:
    country_of = places(tmp_path, *BOTH).country_of
    assert (country_of(b"192.0.2.1"), country_of(b"198.51.100.1")) == (b"DE", None)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no file in MaxMind's format"),
        (b"\0" * 100_000, "no file in MaxMind's format"),
        (BOTH[0][:-20], "no file in MaxMind's format"),
        (mmdb({"192.0.2.0/24": country("DE")}, "Test-Connection-Type"), "'Test-Connection-Type'"),
        (b"\xff" * 6 + BOTH[0][6:], "damaged"),
    ],
)
def test_a_file_of_no_use_is_told_of(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        places(tmp_path, content)


def test_a_file_that_is_written_over_in_place_harms_nobody(tmp_path: Path) -> None:
    """It would end the process by SIGBUS if the file itself were mapped."""
    file = tmp_path / "0.mmdb"
    found = places(tmp_path, mmdb({f"192.0.{n}.0/24": country("DE") for n in range(200)}))
    file.write_bytes(b"")
    assert found[b"192.0.150.1"].country == b"DE"


def test_origins_are_told_and_what_a_client_says_of_itself_is_dropped(tmp_path: Path) -> None:
    tell = TellPlace(places(tmp_path, *BOTH))
    forged = [(b"x-client-country", b"US"), (b"x_client_asn", b"1"), (b"x", b"1")]
    exchange: Any = Exchange(b"192.0.2.1", *forged)
    tell.on_request(exchange)
    told = [(b"x", b"1"), (b"x-client-country", b"DE"), (b"x-client-asn", b"64496")]
    assert exchange.request.fields == told
    nowhere: Any = Exchange(b"198.51.100.1", *forged)
    tell.on_request(nowhere)
    assert nowhere.request.fields == [(b"x", b"1")]
