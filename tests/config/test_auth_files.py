"""Files with users, keys and secrets."""

from pathlib import Path
from typing import Any

import bcrypt
import pytest

from porch.config.auth_files import file_of, jwt_keys_of, keys_of, read_users, users_of
from porch.config.loaded import Loaded
from porch.config.schema_auth import AuthModel, JwtModel
from tests.support.tokens import RSA, SECRET

HASH = bcrypt.hashpw(b"x", bcrypt.gensalt(4)).decode()
KEY = "sha256:" + "0a" * 32


def loaded_in(folder: Path, **files: str) -> Loaded:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return Loaded(base=folder)


def auth(**words: Any) -> AuthModel:
    return AuthModel.model_validate(words)


def test_users_stand_in_the_words_or_in_a_file(tmp_path: Path) -> None:
    loaded = loaded_in(tmp_path, users=f"# of the shop\n\nann:{HASH}\n  bob:{HASH}  \n")
    assert users_of(loaded, auth(basic={"ann": HASH})) == {"ann": HASH}
    assert users_of(loaded, auth(basic="file:users")) == {"ann": HASH, "bob": HASH}
    assert tmp_path / "users" in loaded.contents


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "there is nobody in it"),
        ("# ann\n", "there is nobody in it"),
        (f"ann:{HASH}\nann:{HASH}\n", "line 2: the name stood before"),
        ("ann\n", "line 1 is no name, a colon and a hash"),
        ("ann:hunter2\n", "line 1: it is no hash of a password"),
        ("\nann:$apr1$x$y\n", "line 2: it is APR1"),
        ("a\x00n:x\n", "line 1 is no name"),
    ],
)
def test_what_is_wrong_is_said_by_its_line_and_not_repeated(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=r"line|nobody") as caught:
        read_users(text.encode())
    assert str(caught.value).startswith(why)
    assert "hunter2" not in str(caught.value)


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(ValueError, match="not UTF-8"):
        read_users(b"\xff")


def test_keys_stand_in_the_words_or_in_a_file(tmp_path: Path) -> None:
    text = f'partner = {{ hash = "{KEY}", scopes = ["read"] }}\nother = "{KEY}"\n'
    found = keys_of(loaded_in(tmp_path, keys=text), auth(keys="file:keys"))
    assert [*found] == ["partner", "other"]
    assert found["partner"].scopes == ["read"]
    assert found["other"].hash == KEY


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "nobody has a key"),
        ("partner = hunter2", "it is not TOML"),
        ('partner = "hunter2"', "partner has no hash"),
        ("partner = 7", "partner"),
        (f'partner = {{ hash = "{KEY}", scope = "x" }}', "partner.scope"),
    ],
)
def test_a_file_of_keys_that_is_wrong(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        keys_of(loaded_in(tmp_path, keys=text), auth(keys="file:keys"))
    assert str(caught.value).startswith(why)
    assert "hunter2" not in str(caught.value)


def test_what_tokens_are_verified_with(tmp_path: Path) -> None:
    loaded = loaded_in(tmp_path, pem=RSA.as_pem(private=False).decode())
    assert "RS256" in jwt_keys_of(loaded, JwtModel(key="pem"))[0].algorithms
    assert "HS256" in jwt_keys_of(loaded, JwtModel(secret=SECRET))[0].algorithms
    with pytest.raises(OSError, match="No such file"):
        jwt_keys_of(loaded, JwtModel(key="none"))


def test_which_file_a_word_names(tmp_path: Path) -> None:
    assert file_of(tmp_path, "file:users") == [tmp_path / "users"]
    assert file_of(tmp_path, {"ann": HASH}) == []
