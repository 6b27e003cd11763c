"""What a login needs beside single words."""

from pathlib import Path
from typing import Any

import pytest

from porch.config.load import load, load_mapping
from porch.config.loaded import Loaded

OIDC: dict[str, Any] = {"issuer": "https://id.test", "client_id": "door"}


def said(**words: Any) -> Loaded:
    auth = {"oidc": OIDC | words}
    return load_mapping({"routes": {"a.test": {"to": ":1", "auth": auth}}}, "porch.toml")


@pytest.mark.parametrize(
    "words",
    [
        {},
        {"client_secret": "x", "client_auth": "post"},
        {"issuer": "http://127.0.0.1:9000"},
        {"cookie_secret": "x" * 32},
        {"callback": "/back", "logout": "/out"},
    ],
)
def test_what_is_fine_is_not_spoken_of(words: dict[str, Any]) -> None:
    found = said(**words)
    assert found.ok, found.report()
    assert found.problems == []


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ({"issuer": "http://id.test"}, "log in as anybody"),
        ({"cookie_secret": "short"}, "32 bytes"),
        ({"callback": "/x", "logout": "/x"}, "same path"),
        ({"logout": "/.porch/oidc/callback"}, "same path"),
        ({"client_auth": "post"}, "no client_secret"),
        ({"ca": "missing.pem"}, "does not exist"),
    ],
)
def test_what_is_not_safe_or_cannot_come_back_is_refused(words: dict[str, Any], why: str) -> None:
    found = said(**words)
    assert not found.ok
    assert why in found.report()


@pytest.mark.parametrize("word", ["client_secret", "cookie_secret"])
def test_a_secret_in_the_file_is_refused_and_not_repeated(
    word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, secret = tmp_path / "porch.toml", "hunter2-hunter2-hunter2-hunter2-hunter2"
    text = (
        '[routes]\n"a.test" = ":1"\n[site."a.test".auth.oidc]\n'
        'issuer = "https://id.test"\nclient_id = "door"\n'
    )
    file.write_text(f'{text}{word} = "{secret}"\n', encoding="utf-8")
    found = load(file)
    assert "not written here itself" in found.report()
    assert secret not in found.report()
    (tmp_path / "secret").write_text(secret + "\n", encoding="utf-8")
    monkeypatch.setenv("PORCH_TEST_SECRET", secret)
    for value in ("file:secret", "${PORCH_TEST_SECRET}"):
        file.write_text(f'{text}{word} = "{value}"\n', encoding="utf-8")
        found = load(file)
        assert found.ok, found.report()
        auth = found.sites["a.test"].auth
        assert auth
        assert auth.oidc is not None
        assert getattr(auth.oidc, word) == secret
