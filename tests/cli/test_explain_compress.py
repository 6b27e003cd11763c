"""What `porch explain` says of compression."""

from pathlib import Path

import pytest

from porch.cli.explain import explain_request

FILE = """\
listen = ":80"
compress = true
[routes]
"a.test" = ":3000"
"a.test/off/*" = { to = ":3000", compress = false }
"a.test/secret/*" = { to = ":3000", compress = { secrets = true } }
"a.test/own/*" = { to = ":3000", compress = { codings = ["br"], min_size = "2KB" } }
"""


@pytest.mark.parametrize(
    ("path", "fields", "told"),
    [
        ("/", ["Accept-Encoding: gzip, br"], "gzip, if the type is among `types`, from 1KB on,"),
        ("/own/", ["Accept-Encoding: gzip, br"], "br, if the type is among `types`, from 2KB on,"),
        ("/own/", ["Accept-Encoding: gzip"], "none: its Accept-Encoding has none of br"),
        ("/", [], "none: the request has no Accept-Encoding; zstd, gzip, br are made here"),
        ("/secret/", ["Accept-Encoding: gzip"], "none: the route has secrets = true"),
        ("/off/", ["Accept-Encoding: gzip"], None),
        (
            "/",
            ["Accept-Encoding: gzip", "Upgrade: websocket", "Connection: upgrade"],
            "none: it opens a tunnel",
        ),
    ],
)
def test_whether_an_answer_would_be_coded_and_why_not(
    path: str,
    fields: list[str],
    told: str | None,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "porch.toml"
    file.write_text(FILE, encoding="utf-8")
    assert explain_request(file, "GET", f"http://a.test{path}", fields, "192.0.2.1") == 0
    lines = [each for each in capsys.readouterr().out.splitlines() if each.startswith("coding")]
    assert lines == ([] if told is None else [f"coding    {told}"])
