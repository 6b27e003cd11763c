"""The words of who may come in."""

import pytest
from pydantic import ValidationError

from porch.config.schema_access import AccessWords, NetworkWords


def test_one_network_is_a_list_of_one_and_false_is_no_list() -> None:
    assert AccessWords.model_validate({"allow": "10.0.0.0/8"}).allow == ["10.0.0.0/8"]
    assert AccessWords.model_validate({"allow": False}).allow is False
    assert AccessWords.model_validate({}).deny is None
    assert NetworkWords.model_validate({"geo": "a.mmdb"}).geo == ["a.mmdb"]
    assert NetworkWords.model_validate({}).proxy_protocol == []


@pytest.mark.parametrize("word", ["allow", "deny"])
@pytest.mark.parametrize(("value", "words"), [([], "the list is empty"), (True, "0.0.0.0/0")])
def test_an_empty_list_is_refused(word: str, value: object, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        AccessWords.model_validate({word: value})
