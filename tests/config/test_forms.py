"""What a word can be, read from the models."""

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field

from porch.config.forms import choices, find_field, form_of, model_in
from porch.config.schema import (
    ConfigModel,
    HeadersModel,
    LimitsModel,
    RouteModel,
    ServerModel,
    TimeoutsModel,
    WhenModel,
)
from porch.config.words import Form


class Words(BaseModel):
    """Every kind of word."""

    flag: bool | None = None
    name: str = ""
    count: int = Field(default=1, ge=1)
    share: Annotated[int, Field(ge=0, le=100)] | None = None
    mode: Literal["a", "b", "c"] | None = None
    code: Literal[301, 308] = 301
    names: list[str] = []
    table: TimeoutsModel | None = None
    tables: dict[str, str | bool] = {}
    said: Annotated[Annotated[str, Form("an inner form")], Form("a form")] | None = None
    mixed: str | bool | None = None


@pytest.mark.parametrize(
    ("word", "form"),
    [
        ("flag", "true or false"),
        ("name", "a text in quotes"),
        ("count", "a whole number from 1"),
        ("share", "a whole number from 0 to 100"),
        ("mode", '"a", "b" or "c"'),
        ("code", "301 or 308"),
        ("names", "a list"),
        ("table", "a table"),
        ("tables", "a table"),
        ("said", "a form"),
        ("mixed", "a text in quotes or true or false"),
    ],
)
def test_a_form_is_read_from_the_annotation(word, form):
    assert form_of(Words.model_fields[word]) == form


def test_the_form_of_an_item_is_that_inside():
    assert form_of(Words.model_fields["names"], inside=True) == "a text in quotes"
    assert form_of(WhenModel.model_fields["header"], inside=True).startswith("a text, true")
    assert form_of(RouteModel.model_fields["to"], inside=True) == "a text in quotes or a table"


@pytest.mark.parametrize(
    ("kind", "path", "found"),
    [
        (RouteModel, ("strip",), (RouteModel, "strip", False)),
        (RouteModel, ("timeouts", "idle"), (TimeoutsModel, "idle", False)),
        (RouteModel, ("to", 1), (RouteModel, "to", True)),
        (RouteModel, ("to", 1, "weight"), (ServerModel, "weight", False)),
        (RouteModel, ("when", "header", "x"), (WhenModel, "header", True)),
        (RouteModel, ("headers", "X-A"), (HeadersModel, "response", True)),
        (RouteModel, ("headers", "request", "X-A", 0), (HeadersModel, "request", True)),
        (ConfigModel, ("limits", "bodi"), (LimitsModel, "bodi", False)),
        (ConfigModel, (), (ConfigModel, "", False)),
    ],
)
def test_the_field_of_a_path_is_found(kind, path, found):
    assert find_field(kind, path) == found


def test_the_table_that_a_word_can_be():
    assert model_in(RouteModel.model_fields["timeouts"].annotation) is TimeoutsModel
    assert model_in(RouteModel.model_fields["to"].annotation) is ServerModel
    assert model_in(RouteModel.model_fields["strip"].annotation) is None


def test_the_words_among_which_is_chosen():
    assert choices(Words.model_fields["mode"].annotation) == ["a", "b", "c"]
    assert choices(Words.model_fields["code"].annotation) == []
    assert choices(Words.model_fields["name"].annotation) == []


def test_every_word_of_the_schema_has_a_form():
    kinds = [ConfigModel, RouteModel, WhenModel, HeadersModel, TimeoutsModel, LimitsModel]
    forms = [form_of(field) for kind in kinds for field in kind.model_fields.values()]
    assert len(forms) > 50
    assert all(len(form) > 3 for form in forms)


class Named(BaseModel):
    """A table of tables."""

    keys: Annotated[dict[str, TimeoutsModel], Form("a table of tables")] | None = None


def test_what_stands_under_a_name_of_the_operators_is_found() -> None:
    assert find_field(Named, ("keys", "mine", "idle")) == (TimeoutsModel, "idle", False)
    assert find_field(Named, ("keys", "mine")) == (Named, "keys", True)
    assert find_field(Named, ("keys",)) == (Named, "keys", False)
    assert find_field(Named, ("keys", "mine", "wrong")) == (TimeoutsModel, "wrong", False)
