"""Whether the admin door is where its operator thinks it is."""

from pathlib import Path
from typing import Any

import pytest

from porch.config.load import load_mapping
from porch.manage.doctor.admin import check_admin
from porch.manage.doctor.patient import Found, Patient

TOKENS = {"ann": "x" * 32}


def found(admin: dict[str, Any] | None) -> list[Found]:
    words: dict[str, Any] = {"routes": {"*": ":1"}}
    loaded = load_mapping(words if admin is None else words | {"admin": admin})
    return [*check_admin(Patient(config=Path("p"), loaded=loaded, built=None, status=None))]


def test_without_one_nothing_is_said() -> None:
    assert found(None) == []
    nothing = Patient(config=Path("p"), loaded=None, built=None, status=None)
    assert [*check_admin(nothing)] == []


def test_on_this_machine_it_is_fine() -> None:
    (said,) = found({"listen": "127.0.0.1:9146", "tokens": TOKENS})
    assert (said.said, said.sentence) == ("ok", "127.0.0.1:9146, for 1 token")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"listen": ":9146", "public": True}, "strangers may reach :9146"),
        ({"listen": "10.0.0.1:9146", "plain": True}, "can read the tokens"),
    ],
)
def test_who_else_can_reach_it_is_said_with_the_way_out(
    words: dict[str, Any], sentence: str
) -> None:
    (said,) = found(words | {"tokens": TOKENS})
    assert said.said == "look"
    assert sentence in said.sentence
    assert "cert" in said.sentence
