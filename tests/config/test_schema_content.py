"""The words about what requests say. What is wrong with them in words: golden/contents."""

from typing import Any

import pytest
from pydantic import ValidationError

from porch.config.schema_content import ContentWords
from porch.shield.json_shape import Shape


def read(**words: Any) -> ContentWords:
    return ContentWords.model_validate(words)


def test_true_stands_for_the_usual_bounds() -> None:
    found = read(json_body=True).json_body
    assert found
    assert found == read(json_body={}).json_body
    assert (found.shape, found.size, found.others, found.dry_run) == (Shape(), 1 << 20, None, None)
    assert read(json_body=False).json_body is False
    assert read().json_body is None


def test_bounds_are_said_one_by_one() -> None:
    found = read(json_body={"depth": 5, "keys": 6, "string": "1KB", "values": 9}).json_body
    assert found
    assert found.shape == Shape(depth=5, keys=6, string=1024, values=9)


@pytest.mark.parametrize("words", [{"depth": 0}, {"depth": 201}, {"number": 1001}, {"keys": 0}])
def test_a_bound_is_one(words: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="1 to"):
        read(json_body=words)


def test_a_document_is_a_file_or_a_table() -> None:
    found = read(openapi="api.yaml").openapi
    assert found
    assert (found.file, found.base, found.unknown) == ("api.yaml", None, None)
    assert read(openapi={"file": "api.yaml"}).openapi == found
    assert read(openapi=False).openapi is False
    for wrong in ({}, True, {"file": "a", "base": "v1"}, {"file": "a", "base": "/{x}"}):
        with pytest.raises(ValidationError):
            read(openapi=wrong)
