"""The networks of a CDN into a file: from files, and from a server on loopback."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from porch.cli.networks import update_networks
from porch.config.build import build
from porch.config.load import load
from porch.config.state import State

LIST = "# ours\n203.0.114.0/24\n2a06:98c0::/29\n"
JSON = {"addresses": ["203.0.114.0/24"], "v6": {"x": ["2a06:98c0::/29"]}, "at": "2026/11/29"}


@contextmanager
def serving(content: bytes, status: int = 200, location: str = "") -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/list"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def lines(folder: Path, name: str = "cloudflare") -> list[str]:
    return (folder / "networks" / f"{name}.txt").read_text().splitlines()


def test_what_is_written_is_what_trust_reads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "porch.toml"
    config.write_text('listen = ":80"\ntrust = "cloudflare"\n[routes]\n"a.test" = ":1"\n')
    loaded = load(config)
    assert build(loaded, State()) is None
    assert "porch networks cloudflare writes it" in loaded.report()

    (tmp_path / "list").write_text(LIST)
    assert update_networks(config, "cloudflare", [str(tmp_path / "list")]) == 0
    assert "2 networks, 2 new, 0 gone" in capsys.readouterr().out
    built = build(load(config), State())
    assert built is not None
    assert built.trusts is not None
    assert [built.trusts(each) for each in (b"203.0.114.7", b"2a06:98c0::1", b"10.0.0.1")] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize("content", [LIST, json.dumps(JSON)])
def test_a_list_is_lines_or_json_from_a_url(tmp_path: Path, content: str) -> None:
    with serving(content.encode()) as url:
        assert update_networks(tmp_path / "porch.toml", "fastly", [url]) == 0
        assert lines(tmp_path, "fastly")[1:] == ["203.0.114.0/24", "2a06:98c0::/29"]
        assert url in lines(tmp_path, "fastly")[0]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "no network in it"),
        ("<html>", "does not appear"),
        ("{", "Expecting"),
        ("[]", "no network in it"),
        ("0.0.0.0/0", "wider than any CDN"),
        ("2000::/3", "wider than any CDN"),
        ("10.1.0.0/16", "no network of the public internet"),
        ("203.0.114.1/24", "host bits"),
    ],
)
def test_what_is_nobodys_list_is_refused_and_the_file_is_as_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, words: str
) -> None:
    (tmp_path / "networks").mkdir()
    (tmp_path / "networks" / "cloudflare.txt").write_text("203.0.114.0/24\n")
    (tmp_path / "list").write_text(content)
    assert update_networks(tmp_path / "porch.toml", "cloudflare", [str(tmp_path / "list")]) == 1
    assert words in capsys.readouterr().err
    assert lines(tmp_path) == ["203.0.114.0/24"]


def test_whom_a_door_believes_is_not_asked_for_without_tls(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "porch.toml"
    assert update_networks(config, "cloudflare", ["http://192.0.2.1/list"]) == 1
    assert "by https:// alone" in capsys.readouterr().err
    with serving(b"", 302, "http://192.0.2.1/list") as url:
        assert update_networks(config, "cloudflare", [url]) == 1
    assert "by https:// alone" in capsys.readouterr().err


def test_a_server_that_fails_and_a_file_that_is_missing_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "porch.toml"
    with serving(b"", 503) as url:
        assert update_networks(config, "cloudflare", [url]) == 1
    assert "Service Unavailable" in capsys.readouterr().err
    assert update_networks(config, "cloudflare", [str(tmp_path / "none")]) == 1
    assert "No such file" in capsys.readouterr().err
    assert update_networks(config, "nobody", []) == 1
    assert "'nobody' is no CDN known by name" in capsys.readouterr().err
