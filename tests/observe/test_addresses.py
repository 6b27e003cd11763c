"""Addresses of people, shortened or hashed."""

import pytest

from porch.errors import BadRequest
from porch.observe.addresses import DAY, DailyKey, Hashed, Hidden, short
from porch.observe.combined import combined
from porch.observe.fields import Fields
from porch.observe.json_lines import json_lines
from porch.observe.memo import Memo
from porch.observe.pretty import Pretty
from tests.support.ended import ended
from tests.support.network import FakeClock


@pytest.mark.parametrize(
    ("address", "network"),
    [
        (b"192.0.2.7", b"192.0.2.0"),
        (b"192.0.2.255", b"192.0.2.0"),
        (b"2001:db8:1:2:3::4", b"2001:db8:1::"),
        (b"::ffff:192.0.2.7", b"192.0.2.0"),
        (b"fe80::1%eth0", b"fe80::"),
        (b"unix", b"unix"),
        (b"\xff", b"\xff"),
    ],
)
def test_an_address_is_shortened_to_its_network(address, network):
    assert short(address) == network


def test_a_hash_is_the_same_all_day_and_another_one_the_next(stopped_clock: FakeClock):
    hashed = Hashed(DailyKey())
    first = hashed[b"192.0.2.7"]
    assert len(first) == 16
    assert first != hashed[b"192.0.2.8"]
    stopped_clock.time += DAY - 1
    assert hashed[b"192.0.2.7"] == first
    stopped_clock.time += 1
    assert hashed[b"192.0.2.7"] not in (first, hashed[b"192.0.2.8"])


def test_two_doors_have_different_hashes():
    assert Hashed(DailyKey())[b"192.0.2.7"] != Hashed(DailyKey())[b"192.0.2.7"]


def test_workers_that_began_with_the_same_key_have_the_same_one_whenever_they_look(
    stopped_clock: FakeClock,
):
    daily = DailyKey()
    first = daily.now()
    stopped_clock.time += 3 * DAY
    late = daily.now()
    assert late != first
    stopped_clock.time -= DAY
    assert daily.now() == late
    assert repr(daily) == "<DailyKey of day 3>"


@pytest.mark.parametrize("made", [json_lines, combined, Pretty(colours=False)])
def test_no_format_has_the_address_and_nobody_else_misses_it(made):
    error = BadRequest("192.0.2.7 may not come in")
    exchanges = [ended(), ended(error=error), ended(error=error)]
    hidden = Hidden(made, Memo(short))
    lines = hidden(exchanges)
    assert lines.count(b"\n") == 3
    assert b"192.0.2.7" not in lines
    assert lines.count(b"192.0.2.0") >= 3
    assert [each.client_ip for each in exchanges] == [b"192.0.2.7"] * 3
    assert error.detail == "192.0.2.7 may not come in"


def test_a_format_that_fails_leaves_the_addresses_as_they_were():
    def fails(exchanges):
        raise ValueError("no line")

    exchange = ended(error=BadRequest("192.0.2.7"))
    with pytest.raises(ValueError, match="no line"):
        Hidden(fails, Memo(short))([exchange])
    assert (exchange.client_ip, exchange.error.detail) == (b"192.0.2.7", "192.0.2.7")


def test_an_endpoint_with_the_clients_address_keeps_its_own():
    error = BadRequest("10.0.0.11:8000 refused 10.0.0.11")
    exchange = ended(error=error)
    exchange.client_ip = b"10.0.0.11"
    line = Hidden(json_lines, Memo(short))([exchange])
    assert b'"detail":"10.0.0.11:8000 refused 10.0.0.0"' in line


def test_it_stands_nowhere_else_in_the_line_either():
    exchange = ended(
        target=b"/geo?ip=192.0.2.7&next=%2Fx%3Fip%3D192.0.2.7&other=192.0.2.77&q=%20192.0.2.7",
        fields=[(b"referer", b"http://a.test/192.0.2.7"), (b"user-agent", b"me (192.0.2.7)")],
    )
    for made in (
        json_lines,
        combined,
        Pretty(colours=False),
        Fields(["target", "request.referer"]),
    ):
        line = Hidden(made, Memo(short))([exchange])
        assert b"192.0.2.7&" not in line
        assert b"192.0.2.7)" not in line
        assert b'192.0.2.7"' not in line
        assert line.count(b"192.0.2.77") == 1, "that is somebody else"
        assert b"?ip=192.0.2.0&next=%2Fx%3Fip%3D192.0.2.0&other=" in line


@pytest.mark.parametrize(
    "spelled",
    [
        b"2001:db8::7",
        b"2001:DB8::7",
        b"2001%3Adb8%3a%3A7",
        b"2001%253Adb8%253A%253A7",
        b"[2001:db8::7]:443",
    ],
)
def test_an_address_of_ipv6_is_known_in_a_url(spelled):
    exchange = ended(target=b"/?ip=" + spelled, client=b"2001:db8::7")
    line = Hidden(json_lines, Memo(short))([exchange])
    assert b"7" not in line.partition(b'"target":"')[2].partition(b'"')[0].replace(b"2001", b"")
    assert line.count(b"2001:db8::") == 2


@pytest.mark.parametrize(
    ("client", "target"),
    [
        (b"10.0.0.1", b"/?a=10.0.0.11&b=110.0.0.1&c=1.10.0.0.1&d=10.0.0.1.2"),
        (b"2001:db8::1", b"/?a=2001:db8::11&b=1:2001:db8::1&c=2001:db8::1:2&d=2001%3Adb8%3A%3A11"),
        (b"unix", b"/unix?unix"),
    ],
)
def test_an_address_of_which_it_is_a_part_is_another_one(client, target):
    exchange = ended(target=target, client=client)
    assert b'"target":"' + target + b'"' in Hidden(json_lines, Hashed(DailyKey()))([exchange])
