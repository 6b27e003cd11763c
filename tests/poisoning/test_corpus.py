"""The corpus itself: enough of it, each row once, and none that could never fail."""

import pytest

from tests.poisoning.case import Case
from tests.poisoning.corpus import CASES, name_of
from tests.poisoning.credulous import works

BELIEVED = [case for case in CASES if not (case.wire or case.hit)]


def test_there_are_enough_of_them_and_each_has_a_name_and_a_source():
    assert len({case.name for case in CASES}) == len(CASES) >= 60
    assert all(case.source for case in CASES)


@pytest.mark.parametrize("case", BELIEVED, ids=name_of)
def test_a_trick_works_on_a_cache_that_believes_everything(case: Case) -> None:
    assert works(case), case.source
