"""Queries left out of the access log."""

import pytest

from porch.observe.combined import combined
from porch.observe.fields import Fields
from porch.observe.json_lines import json_lines
from porch.observe.pretty import Pretty
from porch.observe.queries import Unasked
from tests.support.ended import ended

REFERER = b"https://search.test/find?q=whooping+cough"


@pytest.mark.parametrize("made", [json_lines, combined, Pretty(colours=False)])
def test_no_format_has_what_was_asked_for(made):
    exchange = ended(target=b"/find?q=whooping+cough&x=1?y", fields=[(b"referer", REFERER)])
    kept = exchange.request.fields
    line = Unasked(made)([exchange])
    assert b"/find?***" in line
    assert b"cough" not in line
    assert exchange.request.target == b"/find?q=whooping+cough&x=1?y"
    assert exchange.request.fields is kept
    assert kept[0] == (b"referer", REFERER)


def test_fields_that_hold_a_url_have_none_either_and_others_are_as_they_were():
    exchange = ended(fields=[(b"referer", REFERER), (b"x-why", b"who? me")])
    line = Unasked(Fields(["request.referer", "request.x-why"]))([exchange])
    assert line == b'{"request.referer":"https://search.test/find?***","request.x-why":"who? me"}\n'


def test_a_target_without_a_query_stays_as_it_is():
    exchange = ended(target=b"/find")
    assert Unasked(json_lines)([exchange]) == json_lines([exchange])


def test_a_format_that_fails_leaves_all_as_it_was():
    def fails(exchanges):
        raise ValueError("no line")

    exchange = ended(target=b"/find?q=1")
    with pytest.raises(ValueError, match="no line"):
        Unasked(fails)([exchange])
    assert exchange.request.target == b"/find?q=1"
