"""The words that keep origins unseen: how they are written, and what is refused."""

from typing import Any

import pytest

from porch.config.load import load_mapping
from porch.config.schema_hide import HideModel


def read(**words: Any) -> Any:
    loaded = load_mapping({"routes": {"a.test": {"to": ":1", **words}}}, "porch.toml")
    assert loaded.ok, loaded.report()
    return loaded.routes[0].model


def test_hide_is_true_or_more_names_or_a_table() -> None:
    assert read(hide=True).hide == HideModel()
    assert read(hide=["X-App-*", "X-Who"]).hide.fields == ["x-app-*", "x-who"]
    assert read(hide="X-Who").hide.fields == ["x-who"]
    assert read(hide={"addresses": "http://App.internal:8080/"}).hide.addresses == [
        "app.internal:8080"
    ]
    assert read(hide={"addresses": ["[::1]:80"]}).hide.addresses == ["[::1]:80"]
    assert read(hide=False).hide is False


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (["a b"], "not the name"),
        (["*"], "not the name"),
        (["X-*-Y"], "not the name"),
        (["Content-Length"], "without content-length"),
        (["Content-*"], "without content-"),
        (["Location"], "without location"),
        ({"addresses": "app/x"}, "no address"),
        ({"addresses": "ftp://app"}, "no address"),
        ({"fields": 5}, "fields"),
        ({"field": "x-a"}, "did you mean 'fields'"),
        (5, "hide"),
    ],
)
def test_what_hide_cannot_be_is_told(value: object, why: str) -> None:
    loaded = load_mapping({"routes": {"a.test": {"to": ":1", "hide": value}}}, "porch.toml")
    assert why in loaded.report()
