"""The spine serves all versions of HTTP alike: what decides over requests does not ask which one
was spoken, only what a stream can do."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "porch"
SPINE = ("exchange", "filter", "keeper", "cut", "failing", "interim", "overdue", "silence")
SPINE += ("transform", "route", "balance", "cache", "compress", "grpc", "shield")
VERSIONS = {b"1.0", b"1.1", b"2", b"3", b"h2", b"h2c", b"HTTP/1.0", b"HTTP/1.1", b"HTTP/2"}
NOT_OF_HTTP = {"self", "self.roster", "one", "two"}
"""Of whom else `.version` is asked: rosters, and networks of addresses."""


def asked(source: str) -> Iterator[str]:
    """Where a module looks at the version of HTTP: by line, and what it does."""
    tree = ast.parse(source)
    passed_on = {
        id(value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "RequestHead"
        for value in (*node.args, *(word.value for word in node.keywords))
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "version":
            if id(node) not in passed_on and ast.unparse(node.value) not in NOT_OF_HTTP:
                yield f"{node.lineno}: {ast.unparse(node)}"
        elif isinstance(node, ast.Constant) and node.value in VERSIONS:
            yield f"{node.lineno}: {node.value!r}"
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
            ("porch.http.h1", "porch.http.h2", "porch.listen", "porch.forward")
        ):
            yield f"{node.lineno}: {node.module}"


def files() -> list[Path]:
    """Of the spine."""
    found = [*SOURCE.glob("*.py"), *SOURCE.glob("*/**/*.py")]
    return [
        each for each in found if each.relative_to(SOURCE).parts[0].removesuffix(".py") in SPINE
    ]


@pytest.mark.parametrize("file", files(), ids=lambda file: str(file.relative_to(SOURCE)))
def test_nothing_on_the_spine_asks_which_version_of_HTTP_was_spoken(file: Path) -> None:
    assert [*asked(file.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize(
    "source",
    [
        'if exchange.request.version != b"1":\n    pass',
        "a = {}[head.version]",
        'if protocol == b"h2":\n    pass',
        "from porch.http.h2_server import ServerCodec",
    ],
)
def test_who_would_ask_is_found(source: str) -> None:
    assert [*asked(source)]


@pytest.mark.parametrize(
    "source", ["RequestHead(a, version=b.version)", "self.roster.version += 1"]
)
def test_who_passes_it_on_does_not_ask(source: str) -> None:
    assert not [*asked(source)]


def test_there_is_something_to_look_at() -> None:
    assert {"exchange.py", "filter.py", "router.py", "endpoint.py"} <= {
        each.name for each in files()
    }
