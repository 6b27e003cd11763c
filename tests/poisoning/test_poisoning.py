"""Published tricks at a real door: the second gets what he would have got alone."""

import pytest

from tests.poisoning.case import Case
from tests.poisoning.conftest import Plays
from tests.poisoning.corpus import CASES, name_of


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_nobody_gets_what_another_has_made_of_an_answer(case: Case, plays: Plays) -> None:
    played = plays(case)
    assert played.alone.status == case.status
    assert played.then[:3] == played.alone[:3], case.source
    assert all(each.status >= 400 for each in played.first) or not case.refused
    assert b"hit" not in played.alone.cache
    assert (b"hit" in played.then.cache) or not case.hit
