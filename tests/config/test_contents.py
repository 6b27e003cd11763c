"""From the words about what requests say to filters."""

from pathlib import Path
from typing import Any

from porch.config.contents import Contents
from porch.config.load import load_mapping
from porch.config.schema import ConfigModel, RouteModel
from porch.config.settings import RouteSettings
from porch.config.state import State
from porch.shield.content import Content
from porch.shield.json_content import JsonContent
from porch.shield.json_shape import Shape
from porch.shield.openapi import OpenApi

API = Path(__file__).parent.parent / "support" / "api.yaml"


def made() -> Contents:
    return Contents(load_mapping({"routes": {"a.test": ":3000"}}), State())


def content(contents: Contents, top: dict[str, Any], **words: Any) -> Content | None:
    route = RouteModel.model_validate({"to": ":1", **words})
    settings = RouteSettings([ConfigModel.model_validate(top), route])
    found = contents.of(settings)
    assert contents.filters(settings) == ([] if found is None else [found])
    return found


def test_where_nothing_is_said_nothing_is_looked_at() -> None:
    assert content(made(), {}) is None
    assert content(made(), {"json_body": True}, json_body=False) is None


def test_routes_with_the_same_words_share_what_is_made() -> None:
    contents = made()
    first = content(contents, {"json_body": True})
    assert isinstance(first, JsonContent)
    assert first.watch is None
    assert content(contents, {}, json_body=True) is first
    assert content(contents, {}, json_body={"depth": 3}) is not first


def test_who_only_looks_on_tells_the_operator() -> None:
    found = content(made(), {}, json_body={"dry_run": True})
    assert found is not None
    assert found.watch is not None


def test_a_document_goes_with_the_bounds_on_json() -> None:
    contents = made()
    found = content(contents, {}, openapi=str(API))
    assert isinstance(found, OpenApi)
    assert (found.shape, found.most, found.unknown, found.watch) == (Shape(), 1 << 20, True, None)
    assert list(contents.files) == [API]
    json = {"depth": 3, "size": "2KB"}
    found = content(contents, {"json_body": json}, openapi={"file": str(API), "unknown": False})
    assert isinstance(found, OpenApi)
    assert (found.shape.depth, found.most, found.unknown) == (3, 2048, False)


def test_a_document_is_read_once() -> None:
    first = content(made(), {}, openapi=str(API))
    again = content(made(), {}, openapi={"file": str(API), "dry_run": True})
    assert isinstance(first, OpenApi)
    assert isinstance(again, OpenApi)
    assert first is not again
    assert first.offer is again.offer
    assert again.watch is not None
