"""Refusals: reason words of requests that the door refuses, which are no failures.

A failure is, wherever they are counted together, a request that had no answer or one of 500 and
above. Who asks for a host that is not here has an answer, and his due.
"""

from collections.abc import Mapping

__all__ = ["REFUSALS", "split"]

REFUSALS = frozenset(
    (
        *("file-denied", "no-file", "no-route", "no-site"),
        *("http_request_body_size", "http_request_denied", "http_request_error"),
        "http_request_timeout",
    )
)
"""Words of errors that are answered below 500."""


def split(reasons: Mapping[str, int]) -> tuple[dict[str, int], dict[str, int]]:
    """Counts by reason word: those of failures, and those of refusals, in the same order."""
    failures = {word: count for word, count in reasons.items() if word not in REFUSALS}
    return failures, {word: count for word, count in reasons.items() if word in REFUSALS}
