"""Hostile requests at a real door: the origin's bytes and the client's answers are judged."""

import pytest

from tests.smuggling.case import RequestCase
from tests.smuggling.conftest import Judge
from tests.smuggling.corpus import REQUESTS, fits_piecemeal, name_of

ANY_SITE = [case for case in REQUESTS if not case.one_site]
ONE_SITE = [case for case in REQUESTS if case.one_site]
PIECEMEAL = [case for case in ANY_SITE if fits_piecemeal(case)][::12]


@pytest.mark.parametrize("case", ANY_SITE, ids=name_of)
def test_a_hostile_request_has_one_reading(case: RequestCase, at_the_door: Judge) -> None:
    assert at_the_door(case) == [], case.why


@pytest.mark.parametrize("case", PIECEMEAL, ids=name_of)
def test_a_hostile_request_byte_by_byte_has_the_same(case: RequestCase, at_the_door: Judge) -> None:
    assert at_the_door(case, piecemeal=True) == [], case.why


@pytest.mark.parametrize("case", ONE_SITE, ids=name_of)
def test_no_other_site_can_be_reached(case: RequestCase, at_the_door_of_one_site: Judge) -> None:
    assert at_the_door_of_one_site(case) == [], case.why
