"""The corpus is what it says: named rows, each with its rule and its reason."""

import re
from collections import Counter

import pytest

from tests.smuggling.case import RequestCase, ResponseCase
from tests.smuggling.corpus import REQUESTS, RESPONSES, name_of

ALL: list[RequestCase | ResponseCase] = [*REQUESTS, *RESPONSES]
SECTION = re.compile(r"(?:3986|6585|7239|9110|9112|9113) [0-9]+(?:\.[0-9]+)*")


def test_there_are_many_rows_for_both_sides() -> None:
    assert len(REQUESTS) >= 300
    assert len(RESPONSES) >= 300


def test_no_two_rows_have_one_name() -> None:
    assert [name for name, count in Counter(map(name_of, ALL)).items() if count > 1] == []


@pytest.mark.parametrize("side", [REQUESTS, RESPONSES], ids=["requests", "responses"])
def test_no_two_rows_are_the_same_message(side: list[RequestCase | ResponseCase]) -> None:
    messages = Counter(
        (case.sent, case.rest, case.later, case.fates, case.one_site)
        if isinstance(case, RequestCase)
        else (case.sent, case.rest, case.later, case.asked, case.end, case.reused)
        for case in side
    )
    assert [key for key, count in messages.items() if count > 1] == []


def test_each_row_names_a_section_and_gives_one_sentence_as_its_reason() -> None:
    odd = [
        case.name
        for case in ALL
        if not SECTION.fullmatch(case.rfc) or not re.fullmatch(r"[A-Z0-9/].*[^.]\.", case.why)
    ]
    assert odd == []


def test_no_row_holds_what_the_runner_itself_sends() -> None:
    own = (b"/behind", b"/next", b"/fence")
    assert [case.name for case in ALL if any(each in case.sent for each in own)] == []
