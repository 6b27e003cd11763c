"""The page and the JSON Schema are those of the models."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from porch.config.reference import default_of, json_schema, reference_page
from porch.config.reference_text import EXAMPLE
from porch.config.schema import ConfigModel, RouteModel, TimeoutsModel
from porch.config.units import parse_duration
from porch.route.route import Timeouts

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"
SCHEMA = json_schema()


def is_valid(node: Any, value: Any) -> bool:
    """As much of JSON Schema as ours has in it."""
    if "$ref" in node and not is_valid(SCHEMA["$defs"][node["$ref"].split("/")[-1]], value):
        return False
    if "anyOf" in node and not any(is_valid(each, value) for each in node["anyOf"]):
        return False
    if "enum" in node and value not in node["enum"]:
        return False
    if "const" in node and (value != node["const"] or type(value) is not type(node["const"])):
        return False
    if "pattern" in node and not (isinstance(value, str) and re.search(node["pattern"], value)):
        return False
    if isinstance(value, int) and not node.get("minimum", value) <= value <= node.get(
        "maximum", value
    ):
        return False
    kinds = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int}
    if "type" in node:
        is_kind = isinstance(value, kinds[node["type"]])
        if not is_kind or (node["type"] == "integer" and isinstance(value, bool)):
            return False
    if isinstance(value, list):
        return all(is_valid(node.get("items", {}), each) for each in value)
    if isinstance(value, dict):
        return is_valid_table(node, value)
    return True


def is_valid_table(node: Any, table: dict[str, Any]) -> bool:
    known, other = node.get("properties", {}), node.get("additionalProperties", {})
    if not set(node.get("required", ())) <= table.keys():
        return False
    if other is False and not table.keys() <= known.keys():
        return False
    return all(is_valid(known.get(word, other), each) for word, each in table.items())


def test_the_committed_page_is_the_one_of_the_models():
    assert PAGE.read_text(encoding="utf-8") == reference_page(), (
        "python -m porch.config.reference > docs/configuration.md"
    )


def test_the_module_writes_the_page():
    command = [sys.executable, "-m", "porch.config.reference"]
    written = subprocess.run(command, capture_output=True, check=True)
    assert written.stdout.decode("utf-8") == reference_page()


def test_every_word_is_on_the_page():
    page = reference_page()
    words = [*ConfigModel.model_fields, *RouteModel.model_fields, *TimeoutsModel.model_fields]
    assert [word for word in words if f"| `{word}` |" not in page] == []


def test_links_on_the_page_lead_to_its_sections():
    page = reference_page()
    sections = {line.removeprefix("## ").lower() for line in page.splitlines() if line[:3] == "## "}
    links = set(re.findall(r"\(#([a-z-]+)\)", page))
    assert links
    assert links <= sections


def test_the_defaults_shown_are_those_that_hold():
    for word, field in TimeoutsModel.model_fields.items():
        assert parse_duration(default_of(field)) == getattr(Timeouts(), word)
    grace = ConfigModel.model_fields["grace"]
    assert parse_duration(default_of(grace)) == grace.default


@pytest.mark.parametrize(
    "text",
    [
        EXAMPLE.split("```toml\n")[1].split("```")[0],
        'routes."a.test" = "a:1"',
        'routes."a.test" = ["a:1", { to = "a:2", weight = 2 }]',
        'routes."a.test" = { to = "a:1", headers = "secure", retry = false, upgrade = false }',
        'routes."a.test" = { to = "a:1", headers = { X-A = false }, retry = { attempts = 1 } }',
        'listen = ":80"\nworkers = 2\ngrace = "1.5h"\nlog = [ "json", { to = "stderr" } ]',
        'limits = { body = "10MiB", fields = 5 }\nvia = true\nserver = "x"\nlog = false',
    ],
)
def test_the_schema_takes_what_the_models_take(text):
    assert is_valid(SCHEMA, tomllib.loads(text))


@pytest.mark.parametrize(
    "text",
    [
        "lisen = 1",
        'routes."a.test" = { to = "a:1", helth = "/" }',
        'routes."a.test" = { strip = true }',
        'routes."a.test" = 5',
        'grace = "5 minutes"',
        "grace = 5",
        "workers = 0",
        'balance = "rr"',
        "retry = 11",
        "retry = true",
        'limits = { bodi = "1MB" }',
        'pool.a = { server = "a:1" }',
        'expect = [{ gett = "x" }]',
    ],
)
def test_the_schema_refuses_what_the_models_refuse(text):
    assert not is_valid(SCHEMA, tomllib.loads(text))


def test_the_schema_says_nothing_that_toml_cannot():
    text = str(SCHEMA)
    assert "'null'" not in text
    assert "None" not in text
    assert SCHEMA["title"] == "porch.toml"
    assert SCHEMA["properties"]["timeouts"]["description"]
    assert SCHEMA["$defs"]["TimeoutsModel"]["properties"]["idle"]["default"] == "60s"
