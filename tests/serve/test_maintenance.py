"""A route that is closed on purpose."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from porch import errors
from porch.config.changing import networks
from porch.exchange import Exchange
from porch.filter import Response
from porch.serve.maintenance import Maintenance


def exchange(client: bytes = b"192.0.2.1") -> Any:
    return SimpleNamespace(client_ip=client, error=None)


def ask(of: Maintenance, client: bytes = b"192.0.2.1") -> Response | None:
    return of.on_request(cast("Exchange", exchange(client)))


def test_who_comes_is_told_when_to_come_again() -> None:
    with pytest.raises(errors.Maintenance) as raised:
        ask(Maintenance(lambda: 90.4))
    assert (raised.value.status, raised.value.retry_after) == (503, 90)


def test_a_page_is_shown_and_the_log_knows_why() -> None:
    asked = exchange()
    answer = Maintenance(lambda: 0.2, b"<p>soon").on_request(asked)
    assert answer is not None
    assert (answer.status, answer.body) == (503, b"<p>soon")
    assert dict(answer.fields)[b"retry-after"] == b"1"
    assert asked.error.word == "maintenance"


def test_those_who_work_on_it_come_in() -> None:
    closed = Maintenance(lambda: 1, None, networks(["10.0.0.0/8", "2001:db8::/32"]))
    assert ask(closed, b"10.1.2.3") is None
    assert ask(closed, b"2001:db8::1") is None
    for stranger in (b"192.0.2.1", b"unix", b"::1"):
        with pytest.raises(errors.Maintenance):
            ask(closed, stranger)
