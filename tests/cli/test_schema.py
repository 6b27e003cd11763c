"""`porch schema` prints what editors read."""

import json

import pytest

from porch.cli.schema import print_schema


def test_the_schema_is_json_with_the_words_of_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert print_schema() == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema["type"] == "object"
    assert {"listen", "routes", "site", "pool"} <= schema["properties"].keys()
