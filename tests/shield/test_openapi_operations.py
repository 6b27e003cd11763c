"""Operations of a document, ready to be compared with requests."""

from typing import Any

import pytest

from porch.shield.json_shape import Shape
from porch.shield.openapi_document import Document, DocumentError
from porch.shield.openapi_operations import Offer, read_offer

ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}


def offer(paths: Any, base: str | None = None, **more: Any) -> Offer:
    document = Document({"openapi": "3.0.3", "paths": paths, **more})
    return read_offer(document, base=base, read_only=False, shape=Shape())


def mistake(paths: Any, **more: Any) -> str:
    with pytest.raises(DocumentError) as caught:
        offer(paths, **more)
    return str(caught.value)


def test_a_path_has_its_methods_and_head_where_it_has_get() -> None:
    made = offer({"/a": {"get": {}, "post": {}, "x-ours": {}}, "/b": {"put": {}}, "x-more": {}})
    assert made.size == 3
    found = made.paths.find(b"/a")
    assert found is not None
    assert found[0].allow == b"GET, POST, HEAD"
    assert set(found[0].operations) == {b"GET", b"POST"}
    assert found[0].operations[b"POST"].name == "POST /a"


def test_parameters_of_an_operation_go_before_those_of_its_path() -> None:
    wide = {"name": "n", "in": "query", "schema": {"type": "string"}}
    narrow = {**wide, "schema": {"type": "integer"}}
    made = offer({"/a/{id}": {"parameters": [ID, wide], "get": {"parameters": [narrow]}}})
    found = made.paths.find(b"/a/1")
    assert found is not None
    parameters = found[0].operations[b"GET"].parameters
    assert parameters["query"]["n"].value.schema == {"type": "integer"}
    assert list(parameters["path"]) == ["id"]


@pytest.mark.parametrize(
    ("servers", "base", "there"),
    [
        (None, None, ["/a"]),
        ([], None, ["/a"]),
        ([{"url": "https://a.test/v1/"}, {"url": "/v2"}], None, ["/v1/a", "/v2/a"]),
        ([{"url": "https://a.test"}, {"url": "https://b.test/"}], None, ["/a"]),
        ([{"url": "{b}", "variables": {"b": {"default": "/x"}}}], None, ["/x/a"]),
        (
            [{"url": "/{b}", "variables": {"b": {"default": "x", "enum": ["x", "y"]}}}],
            None,
            ["/x/a", "/y/a"],
        ),
        ([{"url": "/v1"}], "/", ["/a"]),
        ([{"url": "/v1"}], "/v3/", ["/v3/a"]),
    ],
)
def test_paths_stand_behind_those_of_the_servers(
    servers: Any, base: str | None, there: Any
) -> None:
    more = {} if servers is None else {"servers": servers}
    assert offer({"/a": {"get": {}}}, base, **more).paths.templates == there


def test_a_path_may_have_servers_of_its_own() -> None:
    made = offer({"/a": {"get": {}, "servers": [{"url": "/v9"}]}}, servers=[{"url": "/v1"}])
    assert made.paths.templates == ["/v9/a"]


@pytest.mark.parametrize(
    ("paths", "more", "part"),
    [
        ({"a": {}}, {}, "#/paths/a: a path begins with /"),
        ({"/a": []}, {}, "#/paths/~1a: a table is to stand here"),
        ({"/a": {"get": []}}, {}, "#/paths/~1a/get: a table"),
        ({"/a": {"get": {"parameters": {}}}}, {}, "'parameters' is to be a list"),
        ({"/a": {"get": {"parameters": [ID]}}}, {}, "'id' is not in '/a'"),
        ({"/a/{id}": {"get": {"parameters": [ID, ID]}}}, {}, "'id' stands twice"),
        ({"/a/{x}": {}, "/a/{y}": {}}, {}, "'/a/{x}' is the same path"),
        ({"/a": {"post": {"requestBody": {}}}}, {}, "'content' of a body is missing"),
        (
            {"/a": {"post": {"requestBody": {"content": {"application/json": {"schema": 5}}}}}},
            {},
            "a schema is to be a table",
        ),
        ({"/a": {"$ref": "other.yaml#/a"}}, {}, "leads out of the file"),
        ({"/a": {"get": {"servers": []}}}, {}, "'servers' of an operation are not supported"),
        ({"/a": {}}, {"servers": "x"}, "'servers' is to be a list"),
        ({"/a": {}}, {"servers": [{}]}, "a server has a 'url'"),
        ({"/a": {}}, {"servers": [{"url": "/{v}"}]}, "'{v}' has no default; say `base`"),
    ],
)
def test_a_mistake_has_its_place(paths: Any, more: dict[str, Any], part: str) -> None:
    assert part in mistake(paths, **more)


def test_what_is_not_looked_into_is_told() -> None:
    body = {"content": {"multipart/form-data": {}, "application/json; charset=utf-8": {}}}
    made = offer({"/a/{x}": {"post": {"requestBody": body}}})
    assert len(made.warnings) == 2
    assert "'{x}' of the path is not described" in made.warnings[0]
    assert "POST /a/{x} takes multipart/form-data, which is let through" in made.warnings[1]
    found = made.paths.find(b"/a/1")
    assert found is not None
    taken = found[0].operations[b"POST"].body
    assert taken is not None
    assert taken.medias["multipart/form-data"] is None
    assert taken.medias["application/json"] is not None
    assert not taken.is_required


def test_keys_in_the_query_are_known() -> None:
    schemes = {
        "one": {"type": "apiKey", "in": "query", "name": "token"},
        "two": {"type": "apiKey", "in": "header", "name": "x"},
        "three": {"$ref": "#/components/securitySchemes/one"},
    }
    assert offer({}, components={"securitySchemes": schemes}).keys == {"token"}
    assert offer({}).keys == frozenset()
