"""The words of `admin`. What mistakes are answered: golden/admin*."""

from typing import Any

import pytest
from pydantic import ValidationError

from porch.config.schema_admin import LEAST_TOKEN, AdminModel, TokenModel
from porch.config.schema_observe import ObserveWords

TOKEN = "x" * LEAST_TOKEN
DIGEST = "sha256:" + "0123456789abcdef" * 4


def read(admin: object) -> AdminModel:
    found = ObserveWords.model_validate({"admin": admin}).admin
    assert found is not None
    return found


def test_an_address_or_several_stand_for_the_table() -> None:
    assert read("127.0.0.1:9146").listen == ["127.0.0.1:9146"]
    assert read(["127.0.0.1:9146", "unix:/run/a"]).listen == ["127.0.0.1:9146", "unix:/run/a"]
    assert ObserveWords.model_validate({}).admin is None


def test_a_token_alone_may_do_all() -> None:
    tokens = {"ann": TOKEN, "screen": {"token": DIGEST, "role": "read"}}
    found = read({"listen": ":1", "tokens": tokens}).tokens
    assert found == {
        "ann": TokenModel(token=TOKEN),
        "screen": TokenModel(token=DIGEST, role="read"),
    }
    assert found["ann"].role == "all"


@pytest.mark.parametrize(
    "words",
    [
        {"listen": []},
        {"listen": "9146"},
        {"tokens": {"ann": TOKEN[1:]}},
        {"tokens": {"ann": TOKEN + " "}},
        {"tokens": {"ann": TOKEN + "é"}},
        {"tokens": {"ann": "Bearer " + TOKEN}},
        {"tokens": {"ann": DIGEST[:-1]}},
        {"tokens": {"ann": DIGEST.upper()}},
        {"tokens": {"": TOKEN}},
        {"tokens": {"a b": TOKEN}},
        {"tokens": {"a\n": TOKEN}},
        {"tokens": {"ann": {"role": "read"}}},
        {"tokens": {"ann": {"token": TOKEN, "role": "root"}}},
        {"clients": {"ann": "write"}},
        {"hosts": ["*.test"]},
        {"hosts": ["*"]},
        {"hosts": ["a.test:9146"]},
    ],
)
def test_what_cannot_be_is_refused_and_no_token_is_repeated(words: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        read({"listen": ":1"} | words)
    said = [each["msg"] for each in caught.value.errors()]
    assert not any(TOKEN[1:] in each for each in said)


@pytest.mark.parametrize("token", [TOKEN, "aZ09-._~+/" * 3, TOKEN + "=="])
def test_a_token_is_what_a_field_can_carry(token: str) -> None:
    assert read({"listen": ":1", "tokens": {"ann": token}}).tokens["ann"].token == token
