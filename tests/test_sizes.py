"""One file has one idea: at most 500 lines a file, 60 lines a function."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

FILE = 500
FUNCTION = 60


def violations(path: str, source: str) -> list[str]:
    """What in `source`, the file at `path`, is too long."""
    found = []
    lines = source.count("\n") + (not source.endswith("\n") and source != "")
    if lines > FILE:
        found.append(f"{path}: {lines} lines, at most {FILE}; which part of it is its own idea?")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            length = node.end_lineno - node.lineno + 1
            if length > FUNCTION:
                found.append(
                    f"{path}:{node.lineno}: {node.name} has {length} lines, at most {FUNCTION}"
                )
    return found


def test_no_file_and_no_function_is_too_long() -> None:
    found = [
        each
        for folder in ("src", "tests", "bench", "scripts")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for each in violations(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
    ]
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("a = 1\n" * 501, "501 lines, at most 500"),
        ("a = 1\n" * 500 + "a = 1", "501 lines, at most 500"),
        ("def long():\n" + "    a = 1\n" * 60, "a.py:1: long has 61 lines, at most 60"),
        ("class A:\n async def long(self):\n" + "  a = 1\n" * 60, "a.py:2: long has 61 lines"),
    ],
)
def test_what_is_too_long_is_found(source: str, what: str) -> None:
    assert what in "\n".join(violations("a.py", source))


@pytest.mark.parametrize(
    "source",
    ["", "a = 1\n" * 500, "a = 1\n" * 499 + "a = 1", "def f():\n" + "    a = 1\n" * 59],
)
def test_what_just_fits_is_not_found(source: str) -> None:
    assert violations("a.py", source) == []
