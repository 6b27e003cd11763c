"""Who comes in by its address: what decides among networks, operators, countries and the rest."""

from typing import Any

import pytest

from porch.config.steps import complete
from porch.shield import access
from porch.shield.access import Access, AccessByHost, AccessDenied, Lists, Verdicts
from porch.shield.country import Place, Places
from porch.shield.network import ALLOWED, DENIED, Gathering, Table, parse_network
from tests.support.hooks import FakeExchange


def table(allow: tuple[str, ...] = (), deny: tuple[str, ...] = ()) -> Table:
    gathering = Gathering()
    for texts, says in ((allow, ALLOWED), (deny, DENIED)):
        for text in texts:
            gathering.add(parse_network(text), says)
    return complete(gathering.compiling())


class Exchange:
    def __init__(self, client_ip: bytes) -> None:
        self.client_ip = client_ip


def comes_in(lists: Lists, client: bytes) -> bool:
    try:
        Access(lists).on_request(Exchange(client))  # type: ignore[arg-type]
    except AccessDenied as error:
        return client.decode("latin-1") not in error.detail
    return True


def test_who_is_not_named_comes_in_unless_there_is_a_list_of_who_may() -> None:
    assert comes_in(Lists(table=table(), default=True), b"192.0.2.1")
    assert not comes_in(Lists(table=table(), default=False), b"192.0.2.1")


def test_a_refusal_is_403_with_a_word_and_the_setting() -> None:
    assert (AccessDenied.status, AccessDenied.word) == (403, "http_request_denied")
    assert "allow and deny" in AccessDenied.sentence
    assert AccessDenied("x").source == "client"


@pytest.mark.parametrize(
    ("client", "expected"),
    [
        (b"10.0.0.1", True),
        (b"::ffff:10.0.0.1", True),
        (b"11.0.0.1", False),
        (b"2001:db8::1", True),
        (b"2001:DB8:0::1", True),
        (b"unix", False),
        (b"", False),
        (b"10.0.0.1%lo", False),
        (b"fe80::1%lo", False),
        (b"\xff", False),
    ],
)
def test_forms_of_addresses_make_no_difference_and_what_is_none_stays_out(
    client: bytes, expected: bool
) -> None:
    lists = Lists(table=table(allow=("10.0.0.0/8", "2001:db8::/32")), default=False)
    assert comes_in(lists, client) is expected


def test_what_is_no_address_stays_out_where_all_may_come_in_too() -> None:
    assert not comes_in(Lists(table=table(), default=True), b"junk")


@pytest.mark.parametrize(("unix", "expected"), [(0, True), (ALLOWED, True), (DENIED, False)])
def test_peers_by_a_unix_socket_have_a_word_of_their_own(unix: int, expected: bool) -> None:
    assert comes_in(Lists(table=table(deny=("0.0.0.0/0",)), default=True, unix=unix), b"unix") is (
        expected
    )


class Known(Places):
    def __missing__(self, address: bytes) -> Place:
        return {b"10.0.0.1": Place(b"DE", 1), b"10.0.0.2": Place(b"DE", 2)}.get(
            address, Place(b"", 0)
        )


def test_a_network_goes_before_an_operator_before_a_country_before_all() -> None:
    lists = Lists(
        table=table(allow=("0.0.0.0/0", "10.0.0.3"), deny=("10.0.0.2",)),
        default=False,
        countries={b"DE": DENIED},
        operators={1: ALLOWED, 2: ALLOWED},
        places=Known([]),
    )
    assert comes_in(lists, b"10.0.0.1")  # its operator, against its country
    assert not comes_in(lists, b"10.0.0.2")  # its network, against its operator
    assert comes_in(lists, b"10.0.0.9")  # of all that nothing else is said of


def test_a_country_goes_before_a_network_of_all() -> None:
    denied = Lists(
        table=table(allow=("0.0.0.0/0",)),
        default=False,
        countries={b"DE": DENIED},
        places=Known([]),
    )
    assert not comes_in(denied, b"10.0.0.1")
    assert comes_in(denied, b"192.0.2.1")


def test_a_client_is_judged_once_and_what_is_remembered_is_bounded() -> None:
    asked: list[bytes] = []

    class Counted(Lists):
        def lets_in(self, client: bytes) -> bool:
            asked.append(client)
            return True

    verdicts = Verdicts(Counted(table=table(), default=True))
    assert verdicts[b"10.0.0.1"]
    assert verdicts[b"10.0.0.1"]
    assert asked == [b"10.0.0.1"]
    for number in range(access._REMEMBERED + 10):
        verdicts[b"%d" % number]
    assert len(verdicts) <= access._REMEMBERED


def test_only_the_lists_of_a_filter_are_public() -> None:
    lists: Any = Lists(table=table(), default=True, allow=("10.0.0.1",))
    assert Access(lists).lists.allow == ("10.0.0.1",)


@pytest.mark.parametrize("other", [None, Access(Lists(table=table(), default=False))])
@pytest.mark.parametrize(
    ("host", "said"),
    [
        (b"a.test", None),
        (b"closed.test", None),
        (b"free.closed.test", True),
        (b"x.closed.test", False),
        (b"A.B.Closed.Test.:8080", False),
        (b"", None),
    ],
)
def test_where_no_route_is_the_nearest_word_of_the_host_decides(
    host: bytes, said: bool | None, other: Access | None
) -> None:
    nobody = Access(Lists(table=table(), default=False))
    found = AccessByHost({"*.closed.test": nobody, "free.closed.test": None}, other)
    exchange: Any = FakeExchange(authority=host)
    exchange.client_ip = b"192.0.2.7"
    if (other is None) if said is None else said:
        found.on_request(exchange)
    else:
        with pytest.raises(AccessDenied):
            found.on_request(exchange)


def test_the_word_of_every_host_goes_before_that_of_the_top() -> None:
    nobody = Access(Lists(table=table(), default=False))
    exchange: Any = FakeExchange(authority=b"a.test")
    exchange.client_ip = b"192.0.2.7"
    AccessByHost({"*": None}, nobody).on_request(exchange)
