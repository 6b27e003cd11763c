"""Documents of APIs: what is read, and where a mistake stands."""

import json
from typing import Any

import pytest

from porch.shield.openapi_document import Document, DocumentError, escaped, read_document

HEAD = "openapi: 3.1.0\npaths: {}\n"


def why(text: str | bytes) -> tuple[str, str]:
    """Where, and what."""
    content = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(DocumentError) as caught:
        read_document(content)
    return caught.value.at, caught.value.why


def test_yaml_and_json_are_the_same() -> None:
    data = {"openapi": "3.0.3", "paths": {"/a": {"get": {"x": [1, 2.5, True, None, "1"]}}}}
    text = 'openapi: 3.0.3\npaths:\n  /a: { get: { x: [1, 2.5, true, null, "1"] } }\n'
    assert read_document(json.dumps(data).encode()).data == data
    assert read_document(text.encode()).data == data
    assert read_document(b"\xef\xbb\xbf" + text.encode()).openapi == (3, 0)
    assert read_document(b"{openapi: 3.1.0, paths: {}}").openapi == (3, 1)


def test_yaml_is_read_as_its_newer_version_has_it() -> None:
    text = "x: [on, yes, 2020-01-01, 012, 0o17, 0x1f, 1e3, .5, 1_0, 1:30, ~, '~', -1]\n200: y\n"
    data = read_document((HEAD + text).encode()).data
    assert data["x"][:4] == ["on", "yes", "2020-01-01", 12]
    assert data["x"][4:] == [15, 31, 1000.0, 0.5, "1_0", "1:30", None, "~", -1]
    assert data["200"] == "y"


@pytest.mark.parametrize(
    ("text", "at", "part"),
    [
        ("", "#", "no table"),
        ("[1]", "#", "no table"),
        ("openapi: 2.0\npaths: {}", "#", "'openapi' is 2.0; it must be 3.0 or 3.1"),
        ("openapi: '3.2.0'\npaths: {}", "#", "it must be 3.0 or 3.1"),
        ("swagger: '2.0'\npaths: {}", "#", "'openapi' is missing"),
        ("openapi: 3.1.0", "#", "'paths' is missing"),
        ("a: b\n c: d\n", "line 2", "no YAML"),
        ("a: 1\nb: 2\na: 3\n", "line 3", "'a' stands twice"),
        ('{"openapi": "3.0.0",\n"paths": }}', "line 2", "no JSON"),
        ('{"a": 1, "a": 2}', "#", "'a' stands twice"),
        ("a: &x [*x]", "line 1", "circle"),
        ("? [1]\n: 2", "line 1", "a name is to be a text"),
        ("a: !!python/object:os.system x\n", "#", "'openapi' is missing"),
        ("[" * 100_000, "line 1", "nesting depth"),
        ('{"a":' * 100_000, "#", "nested too deep"),
    ],
)
def test_a_mistake_has_its_place(text: str, at: str, part: str) -> None:
    where, what = why(text)
    assert (where, part in what) == (at, True), (where, what)


def test_what_is_not_utf_8_has_its_line() -> None:
    assert why(b"a: 1\nb: \xff\n") == ("line 2", "it is not UTF-8")


def document(**parts: Any) -> Document:
    return Document({"openapi": "3.1.0", "paths": {}, **parts})


def test_references_lead_through_the_file() -> None:
    made = document(a={"x/y": {"~": [{"z": 1}]}}, b={"$ref": "#/a/x~1y"}, c={"$ref": "#/b"})
    assert made.target("#/a/x~1y/~0/0", "#") == ({"z": 1}, "#/a/x~1y/~0/0")
    assert made.target("#/a/x~1y/%7E0", "#")[0] == [{"z": 1}]
    assert made.table({"$ref": "#/c"}, "#/here") == ({"~": [{"z": 1}]}, "#/a/x~1y")
    assert made.target("#", "#")[0] is made.data


@pytest.mark.parametrize(
    ("ref", "part"),
    [
        ("other.yaml#/a", "leads out of the file"),
        ("http://a.test/x", "leads out of the file"),
        ("/etc/passwd", "leads out of the file"),
        ("#anchor", "leads out of the file, or to an anchor"),
        ("#/nothing", "leads to nothing"),
        ("#/list/7", "leads to nothing"),
        ("#/list/-1", "leads to nothing"),
        ("#/text/x", "leads to nothing"),
        (5, "is to be a text"),
    ],
)
def test_and_never_out_of_it(ref: object, part: str) -> None:
    made = document(list=[1], text="x")
    with pytest.raises(DocumentError, match=part) as caught:
        made.table({"$ref": ref}, "#/here")
    assert caught.value.at == "#/here"


def test_a_circle_of_references_is_a_mistake() -> None:
    made = document(a={"$ref": "#/b"}, b={"$ref": "#/a"})
    with pytest.raises(DocumentError, match="in a circle"):
        made.table({"$ref": "#/a"}, "#")


def test_what_is_to_be_a_table_is_one() -> None:
    made = document(a=[1])
    with pytest.raises(DocumentError, match="a table is to stand here"):
        made.table([1], "#/x")
    with pytest.raises(DocumentError, match="'a' is to be a table"):
        list(made.parts(made.data, "a", "#"))
    assert list(made.parts({"a": {"x/y": 1}}, "a", "#")) == [("x/y", 1, "#/a/x~1y")]
    assert list(made.parts({}, "a", "#")) == []


def test_warnings_have_their_place() -> None:
    made = document()
    made.warn("it is odd", "#/a")
    assert made.warnings == ["#/a: it is odd"]
    assert escaped("a/b~c") == "a~1b~0c"
