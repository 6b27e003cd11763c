"""All rows of the corpus, in two lists."""

from tests.smuggling import (
    requests_chunks,
    requests_coding,
    requests_fields,
    requests_head,
    requests_length,
    requests_limits,
    requests_target,
    responses_framing,
    responses_head,
    responses_order,
)
from tests.smuggling.case import Passed, RequestCase, ResponseCase

__all__ = ["REQUESTS", "RESPONSES", "fits_piecemeal", "name_of"]

REQUESTS: list[RequestCase] = [
    *requests_length.CASES,
    *requests_coding.CASES,
    *requests_chunks.CASES,
    *requests_head.CASES,
    *requests_target.CASES,
    *requests_fields.CASES,
    *requests_limits.CASES,
]
RESPONSES: list[ResponseCase] = [
    *responses_head.CASES,
    *responses_framing.CASES,
    *responses_order.CASES,
]

SHORT = 200
"""Bytes of a message that is short enough to be sent byte by byte, each in a packet of its own."""


def fits_piecemeal(case: RequestCase | ResponseCase) -> bool:
    """Whether a row can be sent byte by byte in a moment, and means the same then.

    A surplus that comes late may find the connection in use again, which nobody can see.
    """
    if isinstance(case, ResponseCase) and isinstance(case.fate, Passed) and case.fate.thrown:
        return False
    return 0 < len(case.sent) <= SHORT


def name_of(case: RequestCase | ResponseCase) -> str:
    """What the row is called."""
    return case.name
