"""What all models have in common."""

import pytest
from pydantic import ValidationError

from porch.config.model import Model, Unrepeated, word


class Table(Model):
    size: int | None = word("How large.", 3, ge=1)


def test_a_word_that_is_left_out_is_none_and_its_default_is_told() -> None:
    assert Table.model_validate({}).size is None
    assert Table.model_fields["size"].json_schema_extra == {"default": 3}
    assert Table.model_fields["size"].description == "How large."


@pytest.mark.parametrize("words", [{"size": "3"}, {"size": 0}, {"sizes": 3}])
def test_other_types_bounds_and_words_are_refused(words: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Table.model_validate(words)


def test_what_must_not_be_repeated_is_an_error_of_a_value() -> None:
    assert issubclass(Unrepeated, ValueError)
