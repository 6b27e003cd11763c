"""From words to rules."""

from porch.compress.coder import FAST, USUAL
from porch.compress.rules import CODINGS, LEAST
from porch.config.compressing import compressing
from porch.config.schema_compress import CompressModel


def test_what_is_not_said_is_the_default() -> None:
    rules = compressing(CompressModel())
    assert rules is not None
    assert (rules.codings, rules.least, rules.effort, rules.padding) == (CODINGS, LEAST, USUAL, 0)
    assert rules.types.has(b"text/html")
    assert not rules.types.has(b"text/event-stream")


def test_what_is_said_holds() -> None:
    words = {
        "codings": ["br"],
        "types": ["a/b", "text/*"],
        "level": "fast",
        "events": True,
        "brake": False,
    }
    rules = compressing(CompressModel.model_validate(words | {"min_size": "0B", "padding": "9B"}))
    assert rules is not None
    assert (rules.codings, rules.least, rules.effort, rules.padding) == ((b"br",), 0, FAST, 9)
    assert not rules.brakes
    assert rules.types.has(b"a/b")
    assert rules.types.has(b"text/event-stream")
    assert not rules.types.has(b"application/json")


def test_nothing_is_coded_where_nothing_is_said_or_secrets_are() -> None:
    assert compressing(None) is None
    assert compressing(CompressModel(secrets=True)) is None
