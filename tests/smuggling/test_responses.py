"""Hostile answers through a real door: what the client gets, and what the next one gets."""

import pytest

from tests.smuggling.case import ResponseCase
from tests.smuggling.conftest import Judge
from tests.smuggling.corpus import RESPONSES, fits_piecemeal, name_of

PIECEMEAL = [case for case in RESPONSES if fits_piecemeal(case)][::12]


@pytest.mark.parametrize("case", RESPONSES, ids=name_of)
def test_a_hostile_answer_has_one_reading(case: ResponseCase, at_the_door: Judge) -> None:
    assert at_the_door(case) == [], case.why


@pytest.mark.parametrize("case", PIECEMEAL, ids=name_of)
def test_a_hostile_answer_byte_by_byte_has_the_same(case: ResponseCase, at_the_door: Judge) -> None:
    assert at_the_door(case, piecemeal=True) == [], case.why
