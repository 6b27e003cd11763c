"""Proxy-Status, read as a structured field would be."""

import inspect
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch import errors
from porch.errors import ConnectionRefused, PorchError
from porch.observe.proxy_status import proxy_status
from tests.support.ended import ended

KINDS = [
    kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, PorchError)
]
STRING = r'"(?:[ !#-\[\]-~]|\\["\\])*"'
ITEM = re.compile(
    rf"porch; error=[A-Za-z*][!#$%&'*+\-.^_`|~:/\w]*(; next-hop={STRING})?(; detail={STRING})?",
    re.ASCII,
)
"""RFC 9209 2 and RFC 8941 3.3: a token with parameters of tokens and strings."""


def test_without_debug_the_word_alone_is_said():
    error = ConnectionRefused("10.0.0.11:8000 refused the connection")
    assert proxy_status(ended(error=error), error, debug=False) == (
        b"porch; error=connection_refused"
    )


def test_with_debug_the_endpoint_and_the_detail_are_said():
    error = ConnectionRefused("10.0.0.11:8000 refused the connection")
    assert proxy_status(ended(error=error), error, debug=True) == (
        b'porch; error=connection_refused; next-hop="10.0.0.11:8000"; '
        b'detail="10.0.0.11:8000 refused the connection"'
    )


def test_with_debug_what_is_not_known_is_left_out():
    error = ConnectionRefused()
    exchange = ended(error=error, endpoint=None)
    assert proxy_status(exchange, error, debug=True) == b"porch; error=connection_refused"


def test_a_string_is_escaped():
    error = ConnectionRefused('a "b" \\ c\r\nd é')
    value = proxy_status(ended(endpoint=None), error, debug=True)
    assert value.endswith(rb'detail="a \"b\" \\ c??d ?"')


@pytest.mark.parametrize("kind", KINDS)
def test_every_word_is_a_token(kind):
    value = proxy_status(ended(), kind("why"), debug=True)
    assert ITEM.fullmatch(value.decode())


@given(st.text(), st.text())
def test_any_text_makes_a_valid_field(detail, endpoint):
    exchange = ended(endpoint=endpoint)
    value = proxy_status(exchange, ConnectionRefused(detail), debug=True)
    assert ITEM.fullmatch(value.decode())
