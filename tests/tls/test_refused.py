"""What is wrong with an origin's certificate is said in words of its own."""

import inspect

import pytest

from porch.errors import TlsError
from porch.tls import refused

KINDS = [kind for _, kind in inspect.getmembers(refused, inspect.isclass) if kind is not TlsError]


@pytest.mark.parametrize("kind", KINDS)
def test_each_is_one_of_tls_with_a_sentence_of_its_own(kind: type[TlsError]) -> None:
    assert issubclass(kind, TlsError)
    assert (kind.word, kind.status, kind.source) == (TlsError.word, 502, "upstream")
    assert kind.sentence.startswith("The endpoint's ")
    assert kind.sentence.endswith(".")


def test_no_two_say_the_same() -> None:
    assert len({kind.sentence for kind in KINDS}) == len(KINDS) == 5
