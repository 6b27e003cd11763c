"""The words of compression. What is wrong with them in words: golden/compression."""

import pytest
from pydantic import ValidationError

from porch.config.schema import RouteModel
from porch.config.schema_compress import CompressModel, read_compress


def compress(value: object) -> CompressModel:
    found = RouteModel.model_validate({"to": "a:1", "compress": value}).compress
    assert found
    return found


def test_true_is_a_table_without_words_and_a_list_is_its_codings() -> None:
    assert compress(True) == compress({}) == CompressModel()
    assert compress(["br", "gzip"]) == compress({"codings": ["br", "gzip"]})
    assert compress("gzip").codings == ["gzip"]
    assert RouteModel.model_validate({"to": "a:1", "compress": False}).compress is False
    assert read_compress(7) == 7


@pytest.mark.parametrize(
    "value",
    [
        *("deflate", [], ["gzip", "gzip"], 6, {"level": 6}, {"min_size": 10}),
        *({"types": "html"}, {"types": "*/*"}, {"types": ["*json"]}, {"padding": "2KB"}),
    ],
)
def test_rubbish_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        compress(value)


def test_types_are_patterns() -> None:
    assert compress({"types": "*+json"}).types == ["*+json"]
    assert compress({"types": ["text/*", "a/b+c"]}).types == ["text/*", "a/b+c"]
