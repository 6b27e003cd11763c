"""All rows, in one list: the place of one is the name of its site."""

from tests.poisoning import deceived, errors, sharing, unkeyed, urls
from tests.poisoning.case import Case

__all__ = ["CASES", "name_of"]

CASES: list[Case] = [
    *unkeyed.CASES,
    *urls.CASES,
    *errors.CASES,
    *sharing.CASES,
    *deceived.CASES,
]


def name_of(case: Case) -> str:
    """What the row is called."""
    return case.name
