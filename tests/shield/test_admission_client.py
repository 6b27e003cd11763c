"""How many requests of one client run at once."""

from typing import Any

import pytest

from porch.crowd import CrowdTable
from porch.shield.admission_client import ClientAdmission, TooManyAtOnce
from tests.shield.test_limit_keys import exchange_of


class Asked:
    """An exchange that can be noted."""

    def __init__(self, client: bytes) -> None:
        self.__dict__.update(vars(exchange_of(client)))


def asked(client: bytes = b"192.0.2.1") -> Any:
    return Asked(client)


def test_one_more_than_may_run_at_once_is_refused_until_one_has_ended() -> None:
    filter_ = ClientAdmission(CrowdTable(2).row(1), 2)
    first, second, third = asked(), asked(), asked()
    filter_.on_request(first)
    filter_.on_request(second)
    with pytest.raises(TooManyAtOnce) as refused:
        filter_.on_request(third)
    assert (refused.value.status, refused.value.retry_after) == (429, 1.0)
    filter_.on_end(third)
    with pytest.raises(TooManyAtOnce):
        filter_.on_request(third)
    filter_.on_end(first)
    filter_.on_request(third)


def test_another_client_and_another_worker_count_as_they_should() -> None:
    table = CrowdTable(3)
    one, other = (ClientAdmission(table.row(row), 1) for row in (1, 2))
    one.on_request(asked(b"192.0.2.1"))
    other.on_request(asked(b"192.0.2.2"))
    with pytest.raises(TooManyAtOnce):
        other.on_request(asked(b"192.0.2.1"))


def test_a_network_of_ipv6_is_one_client() -> None:
    filter_ = ClientAdmission(CrowdTable(2).row(1), 1)
    filter_.on_request(asked(b"2001:db8::1"))
    with pytest.raises(TooManyAtOnce):
        filter_.on_request(asked(b"2001:db8::2"))
    filter_.on_request(asked(b"2001:db8:0:1::1"))
    assert repr(filter_) == "<ClientAdmission 1 at once>"
