"""Secrets."""

import pytest

from porch.config.load import load
from porch.config.loaded import Loaded
from porch.config.secret import fill


@pytest.fixture
def loaded(tmp_path):
    return Loaded(base=tmp_path)


def test_variables_are_filled_in_everywhere(loaded, monkeypatch):
    monkeypatch.setenv("PORCH_TEST", "x")
    data = {"a": "${PORCH_TEST}${PORCH_TEST}", "b": ["-${PORCH_TEST}-", 5], "c": {"d": True}}
    assert fill(loaded, data) == {"a": "xx", "b": ["-x-", 5], "c": {"d": True}}
    assert loaded.problems == []


def test_a_variable_that_is_set_to_nothing_is_filled_in(loaded, monkeypatch):
    monkeypatch.setenv("PORCH_TEST", "")
    assert fill(loaded, "a${PORCH_TEST}b") == "ab"
    assert loaded.ok


def test_keys_and_other_braces_stay(loaded):
    data = {"${HOME}": "{path} $1 $HOME {1}"}
    assert fill(loaded, data) == data


def test_what_is_filled_in_is_not_read_again(loaded, monkeypatch):
    monkeypatch.setenv("PORCH_TEST", "${HOME}")
    assert fill(loaded, "${PORCH_TEST}") == "${HOME}"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("${PORCH_UNSET}", "the environment has no PORCH_UNSET; set it before the start"),
        ("${A:-b}", "'${A:-b}' names no variable; a name has letters, digits and _ alone"),
        ("${}", "'${}' names no variable"),
        ("${1}", "'${1}' names no variable"),
    ],
)
def test_what_is_not_set_is_an_error(loaded, monkeypatch, text, sentence):
    monkeypatch.delenv("PORCH_UNSET", raising=False)
    fill(loaded, {"via": text})
    assert len(loaded.problems) == 1
    assert loaded.problems[0].text.startswith(f"via: {sentence}")


def test_what_else_is_wrong_where_a_secret_is_missing_is_not_said(loaded, monkeypatch):
    monkeypatch.delenv("PORCH_UNSET", raising=False)
    fill(loaded, {"listen": ["${PORCH_UNSET}"]})
    loaded.add(("listen", 0), "'' is no address")
    loaded.add(("listen", 1), "another")
    assert [each.text for each in loaded.problems] == [
        "listen[0]: the environment has no PORCH_UNSET; set it before the start",
        "listen[1]: another",
    ]


@pytest.mark.parametrize(
    "path",
    [
        ("headers", "X-Key"),
        ("routes", "a.test", "headers", "request", "Authorization"),
        ("routes", "a.test", "when", "header", "x-key"),
        ("routes", "a.test", "when", "cookie", "key"),
    ],
)
def test_a_file_is_filled_in_where_a_secret_can_stand(loaded, tmp_path, path):
    (tmp_path / "key").write_text("s3cret\r\n", encoding="utf-8")
    assert fill(loaded, "file:key", path) == "s3cret"
    assert fill(loaded, f"file:{tmp_path}/key", path) == "s3cret"
    assert loaded.ok


@pytest.mark.parametrize(
    "path", [("log",), ("routes", "a.test"), ("routes", "a.test", "to"), ("when", "method")]
)
def test_a_file_has_its_own_meaning_elsewhere(loaded, path):
    assert fill(loaded, "file:/srv/www", path) == "file:/srv/www"


@pytest.mark.parametrize(
    ("content", "why"),
    [(None, "No such file or directory"), (b"\xff", "it is not UTF-8"), (b"x" * 65537, "bytes")],
)
def test_a_file_that_cannot_be_read_is_an_error(loaded, tmp_path, content, why):
    if content is not None:
        (tmp_path / "key").write_bytes(content)
    fill(loaded, {"headers": {"X-Key": "file:key"}})
    assert f"the secret {tmp_path / 'key'} cannot be read" in loaded.problems[0].text
    assert why in loaded.problems[0].text


def test_no_problem_shows_a_secret(loaded, monkeypatch, tmp_path):
    monkeypatch.setenv("PORCH_TEST", "hunter2")
    (tmp_path / "key").write_text("s3cret", encoding="utf-8")
    fill(loaded, {"via": "a-${PORCH_TEST}", "headers": {"X-Key": "file:key"}})
    loaded.add(("via",), "'via' is a-hunter2")
    loaded.add(("headers", "X-Key"), "s3cret is wrong")
    loaded.add(("headers",), "s3cret is wrong")
    loaded.add(("server",), "hunter2")
    assert [each.text for each in loaded.problems] == [
        "via: 'via' is a-${PORCH_TEST}",
        f'headers."X-Key": file:{tmp_path / "key"} is wrong',
        f"headers: file:{tmp_path / 'key'} is wrong",
        "server: hunter2",
    ]


def test_a_word_that_is_no_text_is_refused_and_left_out(loaded):
    assert fill(loaded, {"a": {5: 1, "b": 2}}) == {"a": {"b": 2}}
    assert [each.text for each in loaded.problems] == ["a: a word is a text, not 5"]


PLAIN = """[acme]
email = "a@example.com"
eab = {{ id = "x", key = "{secret}" }}
dns = {{ provider = "rfc2136", server = "192.0.2.1", key = "porch.", secret = "{secret}" }}
[traces]
to = "http://127.0.0.1:4318"
headers = {{ X-Api-Key = "{secret}", X-Max-Tokens = "4096" }}
[site."a.test"]
key_password = "{secret}"
[pool.p]
servers = ["10.0.0.1:1", "10.0.0.2:1"]
sticky = {{ secret = "{secret}" }}
[routes."a.test"]
to = "p"
headers.request = {{ Authorization = "{secret}", X-Token = ["{secret}"], X-Auth-Mode = "none" }}
auth.jwt = {{ secret = "{secret}", audience = "x" }}
challenge = {{ secret = "{secret}" }}
[routes."b.test"]
to = ["10.0.0.1:2", "10.0.0.2:2"]
sticky = {{ secret = "{secret}" }}
auth.oidc = {{ issuer = "https://id.test", client_id = "x", client_secret = "{secret}" }}
[[expect]]
get = "http://a.test/"
headers = {{ Authorization = "{secret}" }}
"""
SECRET = "c2VjcmV0LW9mLXRoaXMtZG9vci10aGF0LW5vYm9keS1rbm93cw"
TOLD = ["acme.dns", "traces.headers", "Authorization", "X-Token"]
ERRORS = ["eab", "key_password", "pool.p", "b.test.sticky", "jwt", "challenge", "client_secret"]


def test_a_secret_that_is_written_in_the_file_is_told_of_and_not_shown(tmp_path):
    """Each word of the door's own is refused, and told where a name has but the look of one; what
    looks like one only a little is left alone."""
    file = tmp_path / "porch.toml"
    file.write_text(PLAIN.format(secret=SECRET), encoding="utf-8")
    found = load(file)
    told = [each for each in found.problems if "not written here itself" in each.text]
    assert len([each for each in told if not each.is_error]) == len(TOLD), found.report()
    assert len([each for each in told if each.is_error]) == len(ERRORS), found.report()
    assert SECRET not in found.report()


@pytest.mark.parametrize("written", ["${PORCH_TEST}", "file:kept"])
def test_nor_is_one_that_stands_elsewhere(tmp_path, monkeypatch, written):
    monkeypatch.setenv("PORCH_TEST", SECRET)
    (tmp_path / "kept").write_text(SECRET, encoding="utf-8")
    file = tmp_path / "porch.toml"
    file.write_text(PLAIN.format(secret=written), encoding="utf-8")
    assert "not written here itself" not in load(file).report()


def test_who_writes_python_has_it_from_where_he_likes(loaded):
    fill(loaded, {"sticky": {"secret": SECRET}, "challenge": {"secret": SECRET}})
    assert loaded.problems == []
