"""`porch explain` over real files. How an explanation reads: route/explain.py."""

from pathlib import Path

import pytest
import trustme

from porch.cli.explain import explain_request
from tests.support.folder import write

FILE = """\
listen = ":80"
trust = ["10.0.0.0/8"]
[routes]
"a.test" = [":3000", "https://b.test"]
"a.test/api/*" = { to = "api", strip = true }
"a.test/office/*" = { to = ":1", when = { client = "192.0.2.7" } }
"u.test" = "unix:/run/u.sock"
"old.test" = "redirect:https://a.test{path}"
"gone.test" = "respond:410"
[pool.api]
servers = ["10.0.0.1:80", "10.0.0.2:8000"]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = tmp_path / "porch.toml"
    found.write_text(FILE)
    return found


class Explained:
    def __init__(self, capsys: pytest.CaptureFixture[str], file: Path) -> None:
        self._capsys = capsys
        self._file = file

    def __call__(self, url: str, *headers: str, client: str = "192.0.2.1") -> list[str]:
        assert explain_request(self._file, "GET", url, list(headers), client) == 0
        out, err = self._capsys.readouterr()
        assert err == ""
        return [" ".join(line.split()) for line in out.splitlines()]


@pytest.fixture
def explained(capsys: pytest.CaptureFixture[str], file: Path) -> Explained:
    return Explained(capsys, file)


def test_what_goes_out_is_shown_with_what_the_filters_did(explained: Explained, file: Path) -> None:
    lines = explained("http://a.test/api/x?y=1", "Connection: X-Hop", "True-Client-IP: 6.6.6.6")
    assert f'route a.test/api/* {file}:5 (beats "a.test": longer prefix)' in lines
    assert "sends GET /x?y=1 (came as /api/x?y=1) to 10.0.0.1:80, 10.0.0.2:8000" in lines
    assert "adds x-forwarded-for: 192.0.2.1" in lines
    assert "adds x-forwarded-prefix: /api" in lines
    assert "adds x-real-ip: 192.0.2.1" in lines
    assert "removes true-client-ip" in lines


@pytest.mark.parametrize(
    ("url", "to"),
    [
        ("http://a.test/", "127.0.0.1:3000, https://b.test"),
        ("http://u.test/", "unix:/run/u.sock"),
    ],
)
def test_the_addresses_of_all_endpoints_are_shown(explained: Explained, url: str, to: str) -> None:
    assert f"sends GET / to {to}" in explained(url)


def test_the_client_is_the_one_that_remains_after_trust(explained: Explained) -> None:
    through = "X-Forwarded-For: 192.0.2.7"
    url = "http://a.test/office/"
    assert "when client in 192.0.2.7/32" in explained(url, through, client="10.1.1.1")
    assert not any(line.startswith("when") for line in explained(url, through))
    assert "when client in 192.0.2.7/32" in explained(url, client="192.0.2.7")


@pytest.mark.parametrize(
    ("url", "answer"),
    [
        ("http://old.test/x?y=1", "308 to https://a.test/x?y=1"),
        ("http://gone.test/", "410"),
        ("http://z.test/", "404 no-site: No route names this host"),
    ],
)
def test_an_answer_of_the_door_itself_is_shown(explained: Explained, url: str, answer: str) -> None:
    (line,) = (line for line in explained(url) if line.startswith("answers"))
    assert line.startswith(f"answers at the door: {answer}")


@pytest.mark.parametrize(
    ("url", "headers", "why"),
    [
        ("http://a.test/api/%2e%2e/", (), "refused 400: the path can be read in two ways"),
        ("http://a.test/", ("Host: a b",), "refused 400: Host is not"),
        ("http://a.test/", ("Content-Length: x",), "refused 400:"),
    ],
)
def test_what_the_door_refuses_is_explained_too(
    explained: Explained, url: str, headers: tuple[str, ...], why: str
) -> None:
    assert explained(url, *headers)[0].startswith(why)


@pytest.mark.parametrize(
    ("url", "headers", "client", "why"),
    [
        ("a.test/x", [], "192.0.2.1", "'a.test/x' is not a URL; write http://example.com/path"),
        ("http://a.test", ["x"], "192.0.2.1", "-H wants 'Name: value', not 'x'"),
        ("http://a.test", [], "me", "'me' is not the address of a client; write 192.0.2.1"),
    ],
)
def test_words_that_are_no_request_exit_with_2(
    file: Path,
    capsys: pytest.CaptureFixture[str],
    url: str,
    headers: list[str],
    client: str,
    why: str,
) -> None:
    assert explain_request(file, "GET", url, headers, client) == 2
    assert capsys.readouterr() == ("", f"porch: {why}\n")


def test_a_file_of_no_use_exits_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "porch.toml"
    file.write_text("[routes]\n")
    assert explain_request(file, "GET", "http://a.test/", [], "192.0.2.1") == 1
    out, err = capsys.readouterr()
    assert (out, "there is no route" in err) == ("", True)


def test_the_certificate_of_a_client_is_shown_as_conditions_see_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    made = authority.issue_cert("device.test", "10.0.0.1", organization_name="Example")
    made.cert_chain_pems[0].write_to_path(tmp_path / "device.pem")
    file = tmp_path / "porch.toml"
    file.write_text(
        'listen = ":80"\nclient_ca = "ca.pem"\n[[routes."a.test"]]\nto = ":1"\n'
        'when = { client_cert = { san = "device.test" } }\n'
    )

    def lines(*shown: Path) -> list[str]:
        assert explain_request(file, "GET", "https://a.test/", [], "192.0.2.1", *shown) == 0
        return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]

    found = lines(tmp_path / "device.pem")
    assert 'when client certificate san = "device.test"' in found
    assert [each for each in found if each.startswith("san")] == ["san device.test", "san 10.0.0.1"]
    (subject,) = (each for each in found if each.startswith("subject"))
    assert subject.endswith("O=Example")
    (told,) = (each for each in found if each.startswith("adds client-cert: :MII"))
    assert told.endswith("…")
    (loses,) = (each for each in lines() if each.startswith("not a.test"))
    assert loses.endswith('needs client certificate san = "device.test"')
    for content, why in (("", "there is no certificate in it"), (None, "cannot be read")):
        shown = tmp_path / "other.pem"
        if content is not None:
            shown.write_text(content)
        else:
            shown.unlink()
        assert explain_request(file, "GET", "https://a.test/", [], "192.0.2.1", shown) == 2
        assert why in capsys.readouterr().err


@pytest.mark.parametrize(
    ("to", "lines"),
    [
        ('":1"', []),
        ('"h2c://a:1"', ["speaks HTTP/2"]),
        ('["https://a", "https://b"]', ["speaks HTTP/2 or 1.1"]),
        (
            '[":1", ":2", ":3", ":4", ":5", "h2c://a:1"]',
            [
                "speaks HTTP/1.1 with 127.0.0.1:1, 127.0.0.1:2, 127.0.0.1:3 and 2 more",
                "speaks HTTP/2 with a:1",
            ],
        ),
    ],
)
def test_what_is_spoken_is_told_where_it_is_not_http_1_1_alone(
    explained: Explained, file: Path, to: str, lines: list[str]
) -> None:
    file.write_text(f'listen = ":80"\n[routes]\n"a.test" = {to}\n')
    found = [line for line in explained("http://a.test/") if line.startswith("speaks")]
    assert found == lines


def test_the_file_that_would_be_served_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, "www/docs/index.html")
    write(tmp_path, "www/a.css")
    write(tmp_path, "www/a.css.gz")
    file = tmp_path / "porch.toml"
    file.write_text('listen = ":80"\n[routes]\n"a.test/s/*" = { to = "file:www", strip = true }\n')
    explained = Explained(capsys, file)
    lines = explained("http://a.test/s/docs/")
    assert "answers at the door: 200" in lines
    assert f"file {tmp_path}/www/docs/index.html" in lines
    assert f"file {tmp_path}/www/a.css" in explained("http://a.test/s/a.css")
    coded = explained("http://a.test/s/a.css", "Accept-Encoding: gzip")
    assert f"file {tmp_path}/www/a.css.gz" in coded
    none = explained("http://a.test/s/none")
    assert any(line.startswith("answers at the door: 404 no-file") for line in none)
    assert f"file none: {tmp_path}/www/none" in none


def test_secrets_of_a_url_are_not_repeated(explained: Explained) -> None:
    lines = explained("http://a.test/api/x?api_key=s3cret&a=1")
    assert "s3cret" not in "\n".join(lines)
    assert any(
        line.startswith("sends GET /x?api_key=***&a=1 (came as /api/x?api_key=***")
        for line in lines
    )


@pytest.mark.parametrize("key", ["s3cret-of-the-door", "s3cret" * 40])
def test_a_field_that_holds_a_secret_is_shown_as_it_is_written(
    explained: Explained, file: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("A_KEY", key)
    fields = (
        '{ X-A = "${A_KEY}", X-B = "of ${A_KEY}", X-C = "plain" }'
        if len(key) < 99
        else ('{ X-A = "${A_KEY}", X-C = "plain" }')
    )
    file.write_text(FILE.replace("strip = true", f"headers = {{ request = {fields} }}"))
    lines = explained("http://a.test/api/x")
    assert "adds x-a: ${A_KEY}" in lines
    assert "adds x-c: plain" in lines
    assert "s3cret" not in "\n".join(lines)
