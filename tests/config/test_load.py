"""Loading: every mistake at once, each in its place, and nothing but what was written."""

import itertools
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from porch.config import schema
from porch.config.load import Loaded, load, load_mapping
from porch.config.locate import locate
from porch.config.schema import ConfigModel, RouteModel
from porch.route.pattern import Kind
from tests.support.whole import WHOLE

GOLDEN = Path(__file__).parent / "golden"

RAW = ("Input should", "Extra inputs", "Value error", "Field required", "[type=", "Keys should")
"""What only pydantic says."""


def load_text(tmp_path: Path, text: str) -> Loaded:
    file = tmp_path / "porch.toml"
    file.write_text(text, encoding="utf-8")
    return load(file)


def places_of(loaded: Loaded) -> list[tuple[int, int]]:
    return [(each.line, each.column) for each in loaded.problems if each.is_error]


@pytest.mark.parametrize("case", sorted(each.name for each in GOLDEN.iterdir()))
def test_a_file_with_mistakes_is_answered_as_written_down(case, monkeypatch):
    monkeypatch.chdir(GOLDEN / case)
    monkeypatch.setenv("PORCH_TEST_HOST", "hunter2")
    monkeypatch.setenv("PORCH_TEST_LINES", "one\ntwo")
    monkeypatch.delenv("PORCH_TEST_UNSET", raising=False)
    expected = Path("expected.txt").read_text(encoding="utf-8")
    loaded = load(Path("porch.toml"))
    assert loaded.report(running=True) + "\n" == expected
    assert not loaded.ok
    assert not any(raw in expected for raw in RAW)
    assert "hunter2" not in expected


def test_a_file_with_every_word_has_no_problem(tmp_path, monkeypatch):
    monkeypatch.setenv("PORCH_TEST_SECRET", "0123456789abcdef")
    loaded = load_text(tmp_path, WHOLE)
    assert loaded.report() == ""
    assert loaded.ok
    assert [each.key for each in loaded.routes] == [
        "a.test",
        "a.test/x/*",
        "a.test/y/*",
        "a.test/f/*",
        "a.test/w/*",
        "a.test/z/*",
        "a.test/z/*",
    ]
    assert len(loaded.expects) == 2


WORDS = [path for path in locate(WHOLE) if isinstance(path[-1], str)]
FREE = (
    "tokens",
    "routes",
    "site",
    "pool",
    "request",
    "response",
    "header",
    "status_ttl",
    "types",
    "query",
    "cookie",
    "headers",
    "send",
)
"""Tables whose keys are the operator's own."""


def is_pair(path: Any) -> bool:
    """Whether a word stands before a value, and not in [ ]."""
    line, column = locate(WHOLE)[path]
    return WHOLE.splitlines()[line - 1][column - 1 :].strip('"').startswith(f"{path[-1]}")


def edited(path: Any, *, key: str | None = None, value: str | None = None) -> str:
    """WHOLE with another word, or another value, at `path`."""
    line, column = locate(WHOLE)[path]
    lines = WHOLE.splitlines(keepends=True)
    before, word = lines[line - 1][: column - 1], lines[line - 1][column - 1 :]
    if key is not None:
        word = word.replace(str(path[-1]), key, 1)
    if value is not None:
        name, _, rest = word.partition(" = ")
        word = f"{name} = {value}{rest_of(rest)}"
    lines[line - 1] = before + word
    return "".join(lines)


def rest_of(text: str) -> str:
    """What stands behind the value that `text` begins with."""
    depth, quoted = 0, False
    for number, each in enumerate(text):
        quoted ^= each == '"'
        depth += 0 if quoted else (each in "[{") - (each in "]}")
        if depth < 0 or (depth == 0 and not quoted and each in ",\n"):
            return text[number:]
    return ""


@pytest.mark.parametrize(
    "path",
    [path for path in WORDS if len(path) == 1 or path[-2] not in FREE],
    ids=lambda path: ".".join(map(str, path)),
)
def test_every_word_misspelt_is_found_in_its_place(tmp_path, path, monkeypatch):
    monkeypatch.setenv("PORCH_TEST_SECRET", "0123456789abcdef")
    word = str(path[-1])
    loaded = load_text(tmp_path, edited(path, key=f"{word}{word[-1]}"))
    assert locate(WHOLE)[path] in places_of(loaded)
    text = next(
        each.text for each in loaded.problems if (each.line, each.column) == locate(WHOLE)[path]
    )
    assert f"'{word}{word[-1]}'" in text
    assert f"did you mean '{word}'?" in text


@pytest.mark.parametrize(
    "path",
    [path for path in WORDS if is_pair(path)],
    ids=lambda path: ".".join(map(str, path)),
)
def test_every_word_with_a_value_that_it_cannot_have_is_found_in_its_place(tmp_path, path):
    loaded = load_text(tmp_path, edited(path, value="1979-05-27"))
    assert locate(WHOLE)[path] in places_of(loaded)
    assert not any(raw in each.text for each in loaded.problems for raw in RAW)
    assert all("1979" not in each.text for each in loaded.problems)


def test_every_word_there_is_stands_in_that_file():
    models = [each for each in vars(schema).values() if isinstance(each, type)]
    words = {word for each in models if issubclass(each, BaseModel) for word in each.model_fields}
    files = {"include", "error_page", "cert", "ca", "certificates", "key_password", "client_ca"}
    files |= {"geo", "geo_fields", "openapi", "clients"}
    others = {"client_cert", "user", "group", *files}  # no such user may be on this machine
    assert words - {step for path in locate(WHOLE) for step in path} == others


def test_the_defaults_are_those_of_an_empty_file(tmp_path):
    loaded = load_text(tmp_path, '[routes]\n"a.test" = "a:1"\n')
    assert loaded.ok
    assert loaded.config.listen == [":80", ":443"]
    assert loaded.config.grace == 30
    assert loaded.config.log[0].to == "stdout"
    assert loaded.config.workers == "auto"
    assert not loaded.config.watch


def test_a_route_is_a_target_a_list_or_a_table(tmp_path):
    loaded = load_text(
        tmp_path,
        '[routes]\n"a" = "a:1"\n"b" = ["a:1", "a:2"]\n"c" = { to = "a:1", strip = false }\n'
        '"d" = [{ to = "a:1", weight = 2 }, { to = "a:2" }]\n[[routes."e"]]\nto = "a:1"\n',
    )
    assert loaded.ok
    assert [[each.text for each in entry.targets] for entry in loaded.routes] == [
        ["a:1"],
        ["a:1", "a:2"],
        ["a:1"],
        ["a:1", "a:2"],
        ["a:1"],
    ]
    assert [each.weight for each in loaded.routes[3].targets] == [2, 1]


def test_a_route_knows_its_key_its_place_and_what_was_written(tmp_path):
    loaded = load_text(tmp_path, '[routes]\n"*.A.test/x/*" = { to = "a:1", strip = true }\n')
    (entry,) = loaded.routes
    assert entry.key == "*.A.test/x/*"
    assert entry.where == f"{tmp_path / 'porch.toml'}:2"
    assert entry.raw == {"to": "a:1", "strip": True}
    assert entry.pattern is not None
    assert (entry.pattern.host, entry.pattern.kind) == (b"*.a.test", Kind.PREFIX)


def test_what_is_wrong_in_a_route_does_not_hide_what_else_is_wrong_with_it(tmp_path):
    loaded = load_text(
        tmp_path, '[routes]\n"https://a.test" = { to = "a", stripp = true, retry = -1 }\n'
    )
    assert len(loaded.problems) == 4


def test_a_mapping_has_the_same_words():
    loaded = load_mapping({"routes": {"a.test": ("a:1", "a:2")}, "listen": ":8080"})
    assert loaded.ok
    assert loaded.config.listen == [":8080"]
    assert [each.text for each in loaded.routes[0].targets] == ["a:1", "a:2"]
    assert loaded.routes[0].where == "<python>"


def test_problems_of_a_mapping_name_the_word_instead_of_a_line():
    loaded = load_mapping(
        {"routes": {"a.test": {"to": ["a:1", "a"], "helth": "/"}}, "grace": object()},
        name="the command line",
    )
    assert loaded.report() == (
        "the command line  error  grace: 'grace' is a Python object; a duration is a number with "
        'its unit (ms, s, m, h, d), such as "90s"\n'
        "the command line  error  routes.\"a.test\".helth: unknown option 'helth' for a route; "
        "did you mean 'health'?\n"
        'the command line  error  routes."a.test".to[1]: there is no [pool.a]; an address has a '
        'port: "a:8000"\n'
        "3 problems; nothing was changed."
    )


def test_a_mapping_is_not_changed():
    data = {"routes": {"a.test": {"to": "a:1", "cache": "1h"}}}
    load_mapping(data)
    assert data == {"routes": {"a.test": {"to": "a:1", "cache": "1h"}}}


@pytest.mark.parametrize("word", ["routes", "site", "pool"])
@pytest.mark.parametrize("value", ["1", '"x"', "[]", "[1]", "{ a = 1979-05-27 }"])
def test_a_group_that_is_no_table_of_tables_is_told_so(tmp_path, word, value):
    loaded = load_text(tmp_path, f'{word} = {value}\n[[expect]]\nget = "http://a/"\nstatus = 1\n')
    assert places_of(loaded)
    assert not any(raw in each.text for each in loaded.problems for raw in RAW)


ODD = st.sampled_from("\"'[]{}.=,\n\\#$*/~-1a é")
SOME = st.sampled_from(["", "a:1", "x", "${", "~(", 1, -1, 1.5, True, None, b"x", 5j])
KEYS = st.sampled_from([*ConfigModel.model_fields, *RouteModel.model_fields, "a.test", 5, None])


@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), ODD), min_size=1, max_size=4))
def test_whatever_is_typed_by_mistake_is_answered_in_sentences(edits):
    text = list(WHOLE)
    for at, each in edits:
        text[at] = each
    with tempfile.TemporaryDirectory() as folder:
        loaded = load_text(Path(folder), "".join(text))
    assert not any(raw in each.text for each in loaded.problems for raw in RAW)
    assert all(each.line for each in loaded.problems)


@given(
    st.dictionaries(
        KEYS,
        st.recursive(
            SOME,
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
            max_leaves=12,
        ),
        max_size=4,
    )
)
def test_whatever_python_gives_is_answered_in_sentences(data):
    loaded = load_mapping(data)
    assert not any(raw in each.text for each in loaded.problems for raw in RAW)
    assert loaded.ok or loaded.report()


def test_ten_thousand_routes_are_loaded_in_seconds(tmp_path):
    lines = (
        f'"h{number}.test/api/*" = {{ to = ["10.0.0.1:8000", "10.0.0.2:8000"], strip = true }}\n'
        for number in range(10_000)
    )
    file = tmp_path / "porch.toml"
    file.write_text("".join(itertools.chain(["[routes]\n"], lines)), encoding="utf-8")
    before = time.process_time()
    loaded = load(file)
    assert time.process_time() - before < 10  # measured: 1.3
    assert loaded.ok
    assert loaded.routes[-1].where == f"{file}:10001"
