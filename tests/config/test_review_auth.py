"""Words of `auth` by which nobody could come in are errors."""

from pathlib import Path
from typing import Any

import pytest
import trustme

from porch.config.load import load, load_mapping
from tests.support.tokens import RSA, SECRET

HASH = "sha256:" + "0a" * 32
KEYS = {"keys": {"partner": HASH}}


def problems(data: dict[str, Any]) -> list[str]:
    return [each.text for each in load_mapping(data, "porch.toml").problems]


def route(words: Any, **more: Any) -> dict[str, Any]:
    return {"routes": {"a.test": {"to": ":1", "auth": words}}} | more


def test_a_table_without_a_way_needs_one_further_out() -> None:
    (problem,) = problems(route({"require": {"user": "a"}}))
    assert "names no way to show who one is" in problem
    assert "certificate, keys, basic, jwt" in problem
    assert problems(route({"require": {"user": "a"}}, auth=KEYS)) == []
    assert problems(route({"require": {"user": "a"}}, site={"a.test": {"auth": KEYS}})) == []


def test_nor_is_there_one_behind_false() -> None:
    data = route({"require": {"user": "a"}}, auth=KEYS, site={"a.test": {"auth": False}})
    assert len(problems(data)) == 1


def test_the_top_and_a_site_are_looked_at_too() -> None:
    assert len(problems(route(KEYS, auth={"user": False}))) == 1
    assert len(problems(route(KEYS, site={"a.test": {"auth": {"realm": "x"}}}))) == 1


def test_a_certificate_needs_authorities_to_believe() -> None:
    (problem,) = problems(route({"certificate": True}))
    assert "client_ca" in problem


JWKS = "https://id.test/jwks"


@pytest.mark.parametrize(
    ("jwt", "why"),
    [
        ({"audience": "x"}, "nothing verifies a token"),
        ({"audience": "x", "jwks": JWKS, "secret": SECRET}, "jwks and secret stand side by side"),
        ({"audience": "x", "jwks": JWKS, "algorithms": ["RS256", "HS256"]}, "HS256 is verified"),
        ({"audience": "x", "secret": SECRET, "algorithms": ["RS256"]}, "RS256 is verified"),
        ({"audience": "x", "secret": "short"}, "less than 32 bytes"),
        ({"audience": "x", "key": "none.pem"}, "cannot be read"),
        ({"jwks": JWKS}, "made for any other service lets in here too"),
        ({"audience": "x", "jwks": "http://id.test/jwks"}, "write https://"),
        ({"audience": "x", "jwks": JWKS, "ca": "none.pem"}, "none.pem"),
    ],
)
def test_tokens_that_anybody_could_have_made(jwt: Any, why: str) -> None:
    (problem,) = problems(route({"jwt": jwt}))
    assert why in problem
    assert SECRET not in problem


def test_keys_nearby_may_be_fetched_in_plain_text() -> None:
    assert problems(route({"jwt": {"audience": "x", "jwks": "http://127.0.0.1:8000/jwks"}})) == []


def test_a_secret_stands_in_the_environment_or_in_a_file_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def report(secret: str) -> str:
        file = tmp_path / "porch.toml"
        text = 'listen = ":8080"\n[routes."a.test"]\nto = ":1"\n[routes."a.test".auth.jwt]\n'
        file.write_text(f'{text}audience = "x"\nsecret = "{secret}"\n', encoding="utf-8")
        return load(file).report()

    monkeypatch.setenv("SIGNING", SECRET)
    (tmp_path / "secret").write_text(SECRET + "\n", encoding="utf-8")
    assert report("${SIGNING}") == report("file:secret")
    assert "error" not in report("${SIGNING}")
    assert 'write secret = "${NAME}"' in report(SECRET)
    assert SECRET not in report(SECRET)
    monkeypatch.setenv("SIGNING", "too short")
    assert "32 bytes" in report("${SIGNING}")
    assert "too short can" not in report("${SIGNING}")


def test_a_file_that_is_of_no_use_is_told_of(tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_bytes(RSA.as_pem(private=True))
    (problem,) = problems(route({"jwt": {"audience": "x", "key": str(key)}}))
    assert "it is a private key" in problem
    (problem,) = problems(route({"basic": "file:none"}))
    assert "file:none cannot be read" in problem
    (problem,) = problems(route({"keys": "file:none"}))
    assert "file:none cannot be read" in problem
    (problem,) = problems(route({"forward": {"url": "http://x", "ca": "none.pem"}}))
    assert "none.pem" in problem


def test_what_can_be_nothing_lets_nobody_in() -> None:
    (problem,) = problems(route(KEYS | {"require": {"groups": []}}))
    assert "'groups' can be nothing" in problem


def test_two_words_for_one_field_are_one_too_many() -> None:
    (problem,) = problems(route(KEYS | {"user": "X-User", "fields": {"x-user": "email"}}))
    assert "x-user, X-User are one field" in problem


def test_who_may_come_by_another_way_must_not_need_a_certificate(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(file)
    both = KEYS | {"certificate": True}

    def found(**more: Any) -> list[str]:
        data = {"routes": {"a.test": {"to": ":1", "auth": both} | more}, "client_ca": str(file)}
        return problems(data)

    (problem,) = found()
    assert 'write client_cert = "optional"' in problem
    assert found(client_cert="optional") == []
    assert found(auth={"certificate": True}) == []


def test_a_cache_that_does_not_mind_whose_answer_it_is() -> None:
    cache = {"ttl": "1h", "ignore": ["authorization"]}

    def found(**more: Any) -> list[str]:
        data = {"routes": {"a.test": {"to": ":1", "cache": cache, "auth": KEYS | more}}}
        return [each for each in problems(data) if "who is let in" in each]

    assert len(found()) == 1
    assert found(user=False) == []
