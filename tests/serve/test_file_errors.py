"""Why a file is not served."""

import inspect

import pytest

from porch.errors import PorchError
from porch.serve import file_errors

FAMILY: list[type[PorchError]] = [
    kind
    for _, kind in inspect.getmembers(file_errors, inspect.isclass)
    if issubclass(kind, PorchError) and kind.__module__ == file_errors.__name__
]
WORDS = {
    *("no-file", "file-denied", "http_request_denied", "file-unreadable", "files-root-gone"),
    "file-changed",
}
"""Operators' alerts hang on these: they don't change."""


def test_all_words_are_known() -> None:
    assert {kind.word for kind in FAMILY} == WORDS


@pytest.mark.parametrize("kind", FAMILY)
def test_each_is_one_plain_sentence_and_says_whose_fault_it_is(kind: type[PorchError]) -> None:
    assert kind.sentence[0].isupper()
    assert kind.sentence.endswith(".")
    assert kind.sentence.isascii()
    assert len(kind.sentence) <= 100
    assert (kind.status < 500) <= (kind.source == "client")
    assert kind.retry == "never"
