"""What is explained of what requests may say."""

from pathlib import Path
from typing import Any

from porch.cli.explain_content import content_lines
from porch.config.build import build
from porch.config.load import load_mapping
from porch.config.state import State
from porch.http.message import RequestHead


def lines(target: bytes = b"/", **words: Any) -> list[str]:
    loaded = load_mapping({"listen": ":80", "routes": {"a": {"to": "b:1", **words}}})
    built = build(loaded, State())
    assert built is not None, loaded.report()
    request = RequestHead(b"GET", target, b"a", b"http", [])
    return list(content_lines(built.entries[0].route, request))


def test_the_bounds_on_json_are_named() -> None:
    (found,) = lines(json_body={"depth": 7})
    assert found.startswith("json      bodies of up to 1048576 bytes, 7 deep")


def test_where_nothing_is_looked_at_nothing_is_said() -> None:
    assert lines() == []
    assert list(content_lines(None, RequestHead(b"GET", b"/", b"a", b"http", []))) == []


def test_a_request_is_compared_with_the_document() -> None:
    file = str(Path(__file__).parent.parent / "support" / "api.yaml")
    (found,) = lines(b"/v1/pets?limit=5", openapi=file)
    assert found.startswith("openapi   GET /pets takes no body.")
    (found,) = lines(b"/v1/pets?limit=x", openapi=file)
    assert found.startswith("openapi   400: The query parameter 'limit' is to be an integer.")
