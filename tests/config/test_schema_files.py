"""The words of `files`."""

from typing import Any

import pytest
from pydantic import ValidationError

from porch.config.schema import RouteModel
from porch.config.schema_files import FilesModel


def files(**words: Any) -> Any:
    return RouteModel.model_validate({"to": "file:/srv/www", "files": words}).files


def test_a_word_that_is_a_keyword_of_python_is_one_of_ours() -> None:
    assert getattr(files(**{"try": "{path}"}), "try") == ["{path}"]
    assert "try" in FilesModel.model_fields


def test_an_index_is_a_name_several_or_none() -> None:
    assert files(index="a.html").index == ["a.html"]
    assert files(index=["a", "b"]).index == ["a", "b"]
    assert files(index=False).index == []
    assert files().index is None


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ({"try": ["/app.html"]}, 'without "{path}"'),
        ({"try": ["{path}", "=404"]}, "ends in 404"),
        ({"index": "a/b"}, "a name has no slash"),
        ({"index": ".."}, "not the name of a file"),
        ({"index": True}, "list"),
        ({"links": "all"}, "inside"),
        ({"types": {"a/b": "text/plain"}}, "the end of a name"),
        ({"types": {"a": "plain"}}, "is not a type"),
        ({"types": {"a": "text/pl\nain"}}, "is not a type"),
        ({"browse": True}, "Extra inputs"),
    ],
)
def test_nonsense_is_refused(words: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        files(**words)
