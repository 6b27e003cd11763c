"""docs/observe.md says what the code does: reason words, placeholders, redaction, example lines."""

import inspect
import json
import re
import tomllib
from pathlib import Path

import pytest

from porch import errors
from porch.config.load import load_mapping
from porch.config.schema_log import LogModel
from porch.errors import ConnectionRefused, PorchError, TlsError
from porch.observe.combined import combined
from porch.observe.error_page import error_response
from porch.observe.fields import LONGEST as FIELD_LONGEST
from porch.observe.fields import NAMES
from porch.observe.json_lines import json_lines
from porch.observe.pretty import Pretty
from porch.observe.redact import ANYWHERE, LONGEST, MOST_NAMES, SECRET_FIELDS, WORDS
from porch.observe.sink import BACKLOG
from porch.observe.template import PLACEHOLDERS
from porch.tls import refused
from tests.support.ended import ended

PAGE = (Path(__file__).parents[2] / "docs" / "observe.md").read_text(encoding="utf-8")
LINES = PAGE.splitlines()


def table_under(title: str) -> list[str]:
    """The rows of the first table behind a line, without its head."""
    behind = LINES[LINES.index(title) :]
    start = next(number for number, line in enumerate(behind) if line.startswith("| --- "))
    rows = []
    for line in behind[start + 1 :]:
        if not line.startswith("|"):
            break
        rows.append(line)
    return rows


def words_between(before: str, behind: str) -> list[str]:
    """The words in backquotes between two texts of the page."""
    return re.findall(r"`([^`]+)`", PAGE.partition(before)[2].partition(behind)[0])


def test_the_table_of_reason_words_is_that_of_the_errors():
    kinds = [
        kind
        for found in vars(errors).values()
        for kind in (found, *(vars(refused).values() if found is TlsError else ()))
        if inspect.isclass(kind) and issubclass(kind, PorchError) and kind is not PorchError
    ]
    kinds = list(dict.fromkeys(kinds))
    assert table_under("## Reason words") == [
        f"| `{kind.word}` | {kind.status or '-'} | {kind.source} | {kind.sentence} |"
        for kind in kinds
    ]


def test_the_placeholders_are_those_of_templates():
    rows = [row for row in LINES if row.startswith("| `{")]
    assert [row.split("`")[1] for row in rows] == [f"{{{name}}}" for name in PLACEHOLDERS]


def test_the_lists_of_what_is_redacted_are_complete():
    assert words_between("and dots: ", "; or") == list(ANYWHERE)
    assert words_between("or `zipcode`): ", ".\n") == list(WORDS)
    fields = words_between("wherever fields are: ", "and those whose")
    assert fields == sorted(name.decode() for name in SECRET_FIELDS)


def test_the_bounds_are_those_of_the_code():
    assert f"more than {MOST_NAMES} different names" in PAGE
    assert f"over {LONGEST} bytes" in PAGE
    assert f"{BACKLOG >> 20} MiB of lines" in PAGE


FIELDS = [(b"user-agent", b"curl/8.5.0"), (b"referer", b"https://example.com/start")]


def exchanges():
    """One that went through and one that did not."""
    failed = ended(
        fields=FIELDS, status=502, error=ConnectionRefused("10.0.0.11:8000 refused the connection")
    )
    failed.connected = 0.0
    failed.bytes_out = 104
    return [ended(b"/users?page=2&token=hush", fields=FIELDS), failed]


@pytest.mark.parametrize(
    ("make_lines", "count"), [(Pretty(colours=False), 2), (json_lines, 2), (combined, 1)]
)
def test_the_example_lines_are_real(make_lines, count):
    for line in make_lines(exchanges()[:count]).decode().splitlines():
        assert line in LINES


def test_the_keys_of_json_are_explained_in_their_order():
    keys = [
        key
        for row in table_under("### json")
        for key in re.findall(r"`([^`]+)`", row.split("|")[1])
    ]
    assert keys == list(json.loads(json_lines(exchanges()).splitlines()[1]))


def test_the_example_of_a_problem_is_real():
    exchange = ended(fields=[(b"accept", b"application/json")])
    body = error_response(exchange, ConnectionRefused("x")).body.decode()
    assert body.rstrip("\n") in LINES


def test_the_words_of_a_log_and_the_keys_beside_the_usual_are_explained():
    chapter = PAGE.partition("### Which lines")[2].partition("\n### ")[0]
    words = LogModel.model_fields.keys() - {"to", "format", "addresses", "rotate"}
    assert {
        word for word in words if f"| `{word}" not in chapter and f", `{word}`" not in chapter
    } == set()
    others = set(NAMES) - set(json.loads(json_lines(exchanges()).splitlines()[1]))
    assert {name for name in others if f"`{name}`" not in chapter} == set()
    assert f"behind {FIELD_LONGEST} bytes" in chapter


def test_the_example_of_several_logs_is_one_without_a_problem():
    (example,) = re.findall(
        r"^### Which lines.*?^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL
    )
    routes = {"*": ":1", "shop.example.com/*": ":1"}
    assert load_mapping(tomllib.loads(example) | {"routes": routes}, "x").report() == ""
