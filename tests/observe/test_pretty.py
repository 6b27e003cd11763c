"""The log for a terminal: readable, and harmless for the terminal."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.errors import ClientGone, ConnectionRefused
from porch.identity import Identity
from porch.observe.pretty import Pretty
from tests.support.ended import ended

plain = Pretty(colours=False)
coloured = Pretty(colours=True)
COLOUR = re.compile(r"\x1b\[[0-9]+m")


def test_an_exchange_that_went_through():
    exchange = ended(b"/users?page=2")
    exchange.bytes_in = 1234
    assert plain([exchange]).decode() == (
        "00:30:00.012 200    12.1 ms GET example.com/users?page=2 -> 10.0.0.11:8000  "
        "example.com/*  in 1.2 kB  out 312 B  connect 1.3 ms  first byte 3.5 ms  192.0.2.7\n"
    )


def test_an_error_says_what_to_do():
    error = ConnectionRefused("10.0.0.11:8000 refused the connection")
    assert (
        plain([ended(status=502, error=error)])
        .decode()
        .endswith(
            "  connection_refused: Nothing listens at the endpoint; start it, or correct `to`. "
            "(10.0.0.11:8000 refused the connection)\n"
        )
    )


def test_a_client_that_left_before_its_answer_has_no_status():
    assert b" --- " in plain([ended(status=0, error=ClientGone("the client left"))])


def test_an_answer_made_at_the_door_names_no_endpoint():
    line = plain([ended(endpoint=None, status=308)])
    assert b"->" not in line
    assert b"connect" not in line


def test_secrets_are_redacted():
    assert b"hush" not in plain([ended(b"/a?token=hush")])


def test_colours_add_nothing_but_colours():
    exchanges = [ended(), ended(status=502, error=ConnectionRefused("x")), ended(endpoint=None)]
    assert COLOUR.sub("", coloured(exchanges).decode()) == plain(exchanges).decode()
    assert b"\x1b" not in plain(exchanges)


@pytest.mark.parametrize(
    ("status", "colour"), [(101, 32), (204, 32), (304, 36), (404, 33), (502, 31), (0, 31)]
)
def test_the_status_has_the_colour_of_its_class(status, colour):
    assert f"\x1b[{colour}m{status or '---'}\x1b[0m" in coloured([ended(status=status)]).decode()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0004, " 0.4 ms"), (0.9994, " 999.4 ms"), (1.25, " 1.25 s"), (90.0, " 1.5 min")],
)
def test_durations_are_written_for_people(seconds, text):
    exchange = ended(endpoint=None)
    exchange.ended = exchange.started + seconds
    assert f"{text} GET" in plain([exchange]).decode()


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "out 0 B"),
        (999, "out 999 B"),
        (1000, "out 1.0 kB"),
        (2_500_000, "out 2.5 MB"),
        (10**10, "out 10.0 GB"),
        (10**13, "out 10000.0 GB"),
    ],
)
def test_sizes_are_written_for_people(count, text):
    exchange = ended()
    exchange.bytes_out = count
    assert f"  {text}  " in plain([exchange]).decode()


@given(st.binary(), st.binary(), st.binary(), st.binary(), st.text())
def test_no_bytes_of_a_client_act_on_the_terminal(target, method, host, client, detail):
    error = ConnectionRefused(detail)
    line = plain([ended(target, method=method, host=host, client=client, error=error)]).decode()
    assert line.endswith("\n")
    assert line[:-1].isprintable()


def test_who_was_let_in_is_named():
    exchange = ended()
    exchange.identity = Identity("ann \x1b[2J", "basic")
    line = plain([exchange])
    assert b"  example.com/*  user ann \\x1b[2J  out 312 B" in line


def test_a_log_of_slow_ones_names_the_phase():
    line = Pretty(colours=False, phases=True)([ended(endpoint=None)]).decode()
    assert "  slow: door  example.com/*" in line
