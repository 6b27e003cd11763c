"""Who could come in, and who could listen. What files say of it: golden/admin*."""

from pathlib import Path
from typing import Any

import pytest
import trustme

from porch.config.address import parse_listen
from porch.config.load import load, load_mapping
from porch.config.loaded import Loaded
from porch.config.review_admin import is_loopback, is_private

TOKENS = {"ann": "x" * 32}
HERE: dict[str, Any] = {"listen": "127.0.0.1:9146", "tokens": TOKENS}


def said(admin: object, **words: object) -> Loaded:
    return load_mapping({"routes": {"a.test": ":1"}, "admin": admin, **words}, "porch.toml")


@pytest.mark.parametrize(
    ("text", "loopback", "private"),
    [
        ("127.0.0.1:1", True, True),
        ("127.8.0.1:1", True, True),
        ("[::1]:1", True, True),
        ("localhost:1", True, True),
        ("unix:/run/a", True, True),
        ("10.0.0.1:1", False, True),
        ("172.31.0.1:1", False, True),
        ("172.32.0.1:1", False, False),
        ("192.168.1.1:1", False, True),
        ("[fd00::1]:1", False, True),
        (":1", False, False),
        ("0.0.0.0:1", False, False),
        ("[::]:1", False, False),
        ("169.254.1.1:1", False, False),
        ("100.64.0.1:1", False, False),
        ("192.0.2.1:1", False, False),
        ("[2001:db8::1]:1", False, False),
        ("[::ffff:10.0.0.1]:1", False, False),
    ],
)
def test_which_addresses_are_of_this_machine_and_which_are_somebodys_own(
    text: str, loopback: bool, private: bool
) -> None:
    address = parse_listen(text)
    assert (is_loopback(address), is_private(address)) == (loopback, private)


@pytest.mark.parametrize(
    "admin",
    [
        HERE,
        HERE | {"listen": ["[::1]:9146", "unix:/run/a"]},
        HERE | {"listen": "10.0.0.1:9146", "plain": True},
        HERE | {"read_only": True, "hosts": ["door.test"]},
    ],
)
def test_what_is_safe_is_not_spoken_of(admin: dict[str, Any]) -> None:
    found = said(admin)
    assert found.problems == [], found.report()


@pytest.mark.parametrize(
    ("admin", "why"),
    [
        ("127.0.0.1:9146", "a token or a client certificate"),
        ({"listen": "unix:/run/a"}, "a token or a client certificate"),
        ({"listen": "127.0.0.1:9146", "tokens": {}}, "a token or a client certificate"),
        (HERE | {"listen": ":9146"}, "reached by strangers"),
        (HERE | {"listen": "192.0.2.1:9146", "plain": True}, "reached by strangers"),
        (HERE | {"listen": "10.0.0.1:9146"}, "plain = true"),
        (HERE | {"listen": "10.0.0.1:9146", "public": True}, "who stands between"),
        (HERE | {"listen": ":9146", "public": True, "plain": True}, "who stands between"),
        (HERE | {"listen": "https://127.0.0.1:9146"}, "wants cert and key"),
        (HERE | {"client_ca": "missing.pem"}, "write cert and key too"),
        (HERE | {"cert": "missing.pem"}, "'key' is missing"),
        (HERE | {"clients": {"ann": "all"}}, "no certificate is believed"),
        (HERE | {"tokens": TOKENS | {"bob": "x" * 32}}, "that of 'ann' too"),
        (HERE | {"listen": "127.0.0.1:8080"}, "stands in listen or metrics too"),
        (HERE | {"listen": "127.0.0.1:9145"}, "stands in listen or metrics too"),
        (HERE | {"listen": "127.0.0.1:0"}, "stands in listen or metrics too"),
    ],
)
def test_what_lets_somebody_in_or_listen_is_refused(admin: Any, why: str) -> None:
    found = said(admin, listen=":8080", metrics=["127.0.0.1:9145", "127.0.0.1:0"])
    assert not found.ok
    assert why in found.report()


def test_public_addresses_want_tls_whatever_else_is_said(tmp_path: Path) -> None:
    issued = trustme.CA().issue_cert("door.test")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    (tmp_path / "key.pem").chmod(0o600)
    files = {"cert": str(tmp_path / "cert.pem"), "key": str(tmp_path / "key.pem")}
    found = said(HERE | {"listen": ":9146", "public": True} | files)
    assert found.problems == [], found.report()
    (tmp_path / "key.pem").chmod(0o644)
    assert "everybody on this machine can read" in said(HERE | files).report()
    assert "take http:// off" in said(HERE | {"listen": "http://127.0.0.1:9146"} | files).report()


def test_a_token_in_a_file_is_refused_and_one_from_elsewhere_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = "secret-" + "s" * 32
    monkeypatch.setenv("ADMIN_ANN", token)
    (tmp_path / "token").write_text(token + "\n")
    for written, is_fine in (
        (token, False),
        ("${ADMIN_ANN}", True),
        ("file:token", True),
        ("sha256:" + "0" * 64, True),
    ):
        for value in (f'"{written}"', f'{{ token = "{written}", role = "read" }}'):
            file = tmp_path / "porch.toml"
            admin = f'[admin]\nlisten = "127.0.0.1:9146"\ntokens = {{ ann = {value} }}\n'
            file.write_text(f'{admin}[routes]\n"a.test" = ":1"\n')
            found = load(file)
            assert found.ok == is_fine, found.report()
            assert token not in found.report()


def test_a_secret_that_is_missing_is_the_only_thing_that_is_told(tmp_path: Path) -> None:
    file = tmp_path / "porch.toml"
    file.write_text(
        '[admin]\nlisten = "127.0.0.1:9146"\ntokens = { ann = "${NO_SUCH}" }\n'
        '[routes]\n"a.test" = ":1"\n'
    )
    found = load(file)
    assert [each.text for each in found.problems] == [
        "the environment has no NO_SUCH; set it before the start"
    ]
