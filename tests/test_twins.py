"""Every source file has its twin among the tests, and every test file has its source.

src/porch/a/b.py is tested by tests/a/test_b.py; a second file of tests for it is called
tests/a/test_b_something.py. Folders that mirror nothing (scenario, e2e, ...) are free. A source
that holds interfaces alone has nothing to run, so it may go without.
"""

import ast
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parent.parent

WHOLE = {
    "test_docs.py",
    "test_hygiene.py",
    "test_levels.py",
    "test_parts.py",
    "test_spine.py",
    "test_python_api.py",
    "test_sizes.py",
    "test_twins.py",
}
"""Tests of the repository or package as a whole; test_conftest.py is the twin of conftest.py."""


def violations(sources: dict[str, str], tests: dict[str, str]) -> list[str]:
    """Files without their twin.

    sources: path under src/porch -> what the file says. tests: the same under tests.
    """
    modules = {path for path in sources if _is_module(path)}
    runs = {path for path in modules if not _is_interface(sources[path])}
    folders = {_folder(path) for path in sources} - {""}
    owners: dict[str, str | None] = {
        path: _source_of(path, modules)
        for path in tests
        if _is_test(path) and (_folder(path) in folders or _folder(path) == "")
    }
    tested = {owner for path, owner in owners.items() if _has_a_test(tests[path])}
    found = [
        f"src/porch/{path} has no tests: write tests/{_twin(path)}"
        for path in sorted(runs - tested)
    ]
    found += [
        f"tests/{path} tests no file: there is no src/porch/{_first_source_of(path)}"
        for path, owner in sorted(owners.items())
        if owner is None and path not in WHOLE and path != "test_conftest.py"
    ]
    return found


def _is_module(path: str) -> bool:
    return path.endswith(".py") and PurePosixPath(path).name not in ("__init__.py", "__main__.py")


def _is_test(path: str) -> bool:
    return PurePosixPath(path).name.startswith("test_") and path.endswith(".py")


def _folder(path: str) -> str:
    parent = str(PurePosixPath(path).parent)
    return "" if parent == "." else parent


def _twin(path: str) -> str:
    source = PurePosixPath(path)
    return str(source.with_name(f"test_{source.name}"))


def _first_source_of(path: str) -> str:
    test = PurePosixPath(path)
    return str(test.with_name(test.name.removeprefix("test_")))


def _source_of(path: str, modules: set[str]) -> str | None:
    """The module whose name a test file's name begins with, the longest if several do."""
    source = PurePosixPath(_first_source_of(path))
    words = source.stem.split("_")
    for count in range(len(words), 0, -1):
        candidate = str(source.with_name("_".join(words[:count]) + ".py"))
        if candidate in modules:
            return candidate
    return None


def _is_interface(text: str) -> bool:
    """Whether there is nothing in it but Protocols and what they need."""
    statements = ast.parse(text).body
    classes = [node for node in statements if isinstance(node, ast.ClassDef)]
    functions = [node for node in statements if isinstance(node, ast.FunctionDef)]
    return (
        bool(classes)
        and not functions
        and all(any(ast.unparse(base) == "Protocol" for base in node.bases) for node in classes)
    )


def _has_a_test(text: str) -> bool:
    return any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
        for node in ast.walk(ast.parse(text))
    )


def files_under(folder: Path) -> dict[str, str]:
    """Every Python file under `folder`, by its path there."""
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in folder.rglob("*.py")
    }


def test_every_source_has_its_twin_and_every_test_its_source() -> None:
    found = violations(files_under(ROOT / "src" / "porch"), files_under(ROOT / "tests"))
    assert not found, "\n" + "\n".join(found)


A_TEST = "def test_something() -> None: ..."


@pytest.mark.parametrize(
    ("sources", "tests", "what"),
    [
        ({"http/h1.py"}, {}, "write tests/http/test_h1.py"),
        ({"http/h1.py"}, {"test_h1.py": A_TEST}, "write tests/http/test_h1.py"),
        ({"http/h1.py"}, {"http/test_h1.py": "# later"}, "src/porch/http/h1.py has no tests"),
        ({"http/h1.py"}, {"http/h1.py": A_TEST}, "src/porch/http/h1.py has no tests"),
        ({"clock.py"}, {"e2e/test_clock.py": A_TEST}, "write tests/test_clock.py"),
        (
            {"http/h1.py", "http/h1_encode.py"},
            {"http/test_h1_encode.py": A_TEST},
            "src/porch/http/h1.py has no tests",
        ),
        ({"http/__init__.py"}, {"http/test_h1.py": A_TEST}, "tests/http/test_h1.py tests no file"),
        (set(), {"test_clok.py": A_TEST}, "there is no src/porch/clok.py"),
    ],
)
def test_a_missing_twin_is_found(sources: set[str], tests: dict[str, str], what: str) -> None:
    assert what in "\n".join(violations(dict.fromkeys(sources, "a = 1"), tests))


@pytest.mark.parametrize(
    ("sources", "tests"),
    [
        ({"http/h1.py"}, {"http/test_h1.py": A_TEST}),
        ({"http/h1.py"}, {"http/test_h1_pipelining.py": A_TEST}),
        ({"http/__init__.py", "__main__.py", "py.typed"}, {}),
        ({"clock.py"}, {"test_clock.py": A_TEST, "e2e/test_tunnels.py": A_TEST}),
        ({"clock.py"}, {"test_clock.py": A_TEST, "test_levels.py": A_TEST, "conftest.py": ""}),
    ],
)
def test_twins_are_not_found_missing(sources: set[str], tests: dict[str, str]) -> None:
    assert violations(dict.fromkeys(sources, "a = 1"), tests) == []


INTERFACE = "class Stream(Protocol):\n    def send(self) -> None: ..."


def test_only_a_file_of_interfaces_alone_may_go_without() -> None:
    assert violations({"http/stream.py": INTERFACE}, {}) == []
    assert violations({"http/stream.py": INTERFACE + "\nclass Real: ..."}, {}) != []
    assert violations({"http/stream.py": INTERFACE + "\ndef real(): ..."}, {}) != []
