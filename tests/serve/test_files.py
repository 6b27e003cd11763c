"""A route that is answered from a folder."""

import errno
import os
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from porch import clock
from porch.errors import BadRequest
from porch.reader import Reader
from porch.route.pattern import parse_key
from porch.route.rewrite import rewriter
from porch.serve.file_errors import FileChanged, FileMethod, FileUnreadable, LinkDenied, NoFile
from porch.serve.files import SMALL
from porch.serve.listing import STEP
from porch.serve.trying import parse_attempt
from tests.support.folder import Served, descriptors, write

STATE = "/sys/devices/system/cpu/possible"


def test_a_file_goes_out_as_what_it_is(tmp_path: Path) -> None:
    write(tmp_path, "a/b.html", b"<p>")
    answer = Served(tmp_path).get("/a/b.html?x=1")
    assert (answer.status, answer.body) == (200, b"<p>")
    assert answer["content-type"] == "text/html; charset=utf-8"
    assert answer["x-content-type-options"] == "nosniff"


def test_what_changes_is_served_at_once(tmp_path: Path) -> None:
    served = Served(tmp_path)
    file = write(tmp_path, "a", b"1")
    assert served.get("/a").body == b"1"
    for number in range(50):
        file.write_bytes(b"%02d" % number)
        assert served.get("/a").body == b"%02d" % number
    write(tmp_path, "new", b"new").rename(file)
    assert served.get("/a").body == b"new"
    file.unlink()
    with pytest.raises(NoFile):
        served.get("/a")


def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    wall = clock.wall()
    monkeypatch.setattr(clock, "wall", lambda: wall + 60)


def test_a_small_file_is_read_once_and_then_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled(monkeypatch)
    served = Served(tmp_path)
    file = write(tmp_path, "a", b"1")
    first = served.get("/a")
    opened = os.open
    monkeypatch.setattr("os.open", lambda *_, **__: pytest.fail("it was opened again"))
    again = served.get("/a")
    monkeypatch.setattr("os.open", opened)
    assert (again.body, again.head.fields) == (first.body, first.head.fields)
    assert served.get("/a", range="bytes=0-0").status == 206
    file.write_bytes(b"2")
    assert served.get("/a").body == b"2"
    file.unlink()
    with pytest.raises(NoFile):
        served.get("/a")


def test_what_was_just_written_is_not_remembered(tmp_path: Path) -> None:
    served = Served(tmp_path)
    write(tmp_path, "a", b"1")
    served.get("/a")
    assert not served.memory


def test_of_a_large_file_the_way_is_remembered_and_not_the_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled(monkeypatch)
    served = Served(tmp_path)
    before = descriptors()
    file = write(tmp_path, "a", b"1" * (SMALL + 1))
    assert served.get("/a").body == b"1" * (SMALL + 1)
    [known] = served.memory.values()
    assert known.whole is None
    assert served.get("/a").body == b"1" * (SMALL + 1)
    file.write_bytes(b"2" * (SMALL + 1))
    assert served.get("/a").body == b"2" * (SMALL + 1)
    assert descriptors() == before


def test_a_file_that_is_cut_while_it_is_sent_ends_the_answer_visibly(tmp_path: Path) -> None:
    file = write(tmp_path, "a", bytes(1 << 20))
    before = descriptors()
    served = Served(tmp_path)
    response, exchange = served.begun("/a")
    assert response.head(exchange).length == 1 << 20
    os.truncate(file, 300_000)
    assert response.source is not None
    response.source.begin(exchange)
    for call in exchange.keeper.calls:
        call()
    assert isinstance(exchange.error, FileChanged)
    cast("Reader", response.source).abort(exchange.error)  # as the exchange does
    assert descriptors() == before


@pytest.mark.parametrize("at", [-(10**11), 10**17])
def test_a_file_with_a_date_that_no_calendar_has_is_served_and_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    for name, size in (("small", 5), ("large", SMALL + 1)):
        write(tmp_path, name, bytes(size))
    dated(monkeypatch, at)
    served = Served(tmp_path, listing=True)
    before = descriptors()
    for name, size in (("small", 5), ("large", SMALL + 1)):
        answer = served.get(f"/{name}")
        assert (answer.status, len(answer.body), answer["last-modified"]) == (200, size, "")
        assert served.get(f"/{name}", if_none_match=answer["etag"]).status == 304
    assert served.get("/").status == 200
    assert descriptors() == before


def dated(monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """Files have a date that not every file system can keep."""
    told = os.fstat

    def fstat(descriptor: int) -> os.stat_result:
        real = told(descriptor)
        kind, values = real.__reduce__()[1]
        values["st_mtime"], values["st_mtime_ns"] = float(at), at * 10**9
        made: os.stat_result = os.stat_result(kind, values)
        return made

    monkeypatch.setattr(os, "fstat", fstat)


@pytest.mark.parametrize("size", [5, SMALL + 1])
@pytest.mark.parametrize("broken", ["validators", "given"])
def test_whatever_is_raised_the_file_does_not_stay_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, broken: str
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    settled(monkeypatch)
    write(tmp_path, "a", bytes(size))
    served = Served(tmp_path)
    served.get("/a")
    before = descriptors()
    for known in (True, False):
        if not known:
            served.memory.clear()
        monkeypatch.setattr(f"porch.serve.files.{broken}", fails)
        if known and broken == "validators":
            continue
        with pytest.raises(ZeroDivisionError) as caught:
            served.get("/a", range="bytes=0-0")
        assert caught.tb is not None  # it holds whatever the call had
        assert descriptors() == before


class Failing:
    """Reading fails, as of a broken disk or of what the system makes up."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, error: int) -> None:
        self.error = error
        monkeypatch.setattr(os, "pread", self.pread)

    def pread(self, descriptor: int, size: int, at: int) -> bytes:
        raise OSError(self.error, os.strerror(self.error))


@pytest.mark.parametrize("size", [5, SMALL + 1])
def test_a_file_that_cannot_be_read_is_said_and_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    write(tmp_path, "a", bytes(size))
    Failing(monkeypatch, errno.EIO)
    before = descriptors()
    errors = []
    for _ in range(20):
        with pytest.raises(FileUnreadable, match="Input/output error") as caught:
            Served(tmp_path).get("/a")
        errors.append(caught.value)
    assert descriptors() == before


@pytest.mark.skipif(not os.path.exists(STATE), reason="the system has no /sys")
def test_a_file_whose_size_is_not_true_is_what_can_be_read_of_it() -> None:
    served = Served(Path(STATE).parent)
    before = descriptors()
    for _ in range(2):
        answer = served.get("/" + Path(STATE).name)
        assert answer.body == Path(STATE).read_bytes()
        assert answer["content-length"] == str(len(answer.body))
        assert (answer["etag"], answer["last-modified"]) == ("", "")
    assert not served.memory
    assert descriptors() == before


def test_files_are_only_read(tmp_path: Path) -> None:
    served = Served(tmp_path)
    for method in ("POST", "PUT", "DELETE", "PATCH", "PROPFIND"):
        with pytest.raises(FileMethod) as caught:
            served.get("/a", method=method)
        assert caught.value.allow == b"GET, HEAD, OPTIONS"
    answer = served.get("/a", method="OPTIONS")
    assert (answer.status, answer["allow"]) == (204, "GET, HEAD, OPTIONS")


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("/docs", "./docs/"),
        ("/docs?a=b&c", "./docs/?a=b&c"),
        ("//docs", "./docs/"),
        ("/a:b", "./a:b/"),
        ("/caf%C3%A9", "./caf%C3%A9/"),
    ],
)
def test_a_folder_has_a_slash_and_its_query_stays(
    tmp_path: Path, target: str, location: str
) -> None:
    for name in ("docs", "a:b", "caf\u00e9"):
        write(tmp_path, f"{name}/index.html")
    answer = Served(tmp_path).get(target)
    assert (answer.status, answer["location"]) == (308, location)


def test_strip_takes_the_prefix_off_and_without_it_the_prefix_is_a_folder(tmp_path: Path) -> None:
    write(tmp_path, "a.css", b"stripped")
    write(tmp_path, "static/a.css", b"whole")
    stripped = Served(tmp_path, rewriter(parse_key("a.test/static/*"), strip=True))
    assert stripped.get("/static/a.css").body == b"stripped"
    assert Served(tmp_path).get("/static/a.css").body == b"whole"


@pytest.mark.parametrize(
    ("path", "location"), [("/x/", ""), ("/x", ""), ("/sub", "./sub/"), ("/sub/", "")]
)
def test_a_folder_that_a_rewrite_names_is_served_and_no_endless_redirect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, location: str
) -> None:
    settled(monkeypatch)
    write(tmp_path, "sub/index.html", b"sub")
    served = Served(tmp_path, rewriter(parse_key("a.test/*"), template="/sub"))
    assert served.get("/other/").body == b"sub"  # what is remembered is of no other way
    answer = served.get(path)
    assert (answer["location"], answer.body) == (location, b"" if location else b"sub")


def test_who_takes_a_coding_gets_the_copy_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled(monkeypatch)
    served = Served(tmp_path)
    write(tmp_path, "a.css", b"plain")
    write(tmp_path, "a.css.gz", b"gz")
    for _ in range(2):
        plain, coded = served.get("/a.css"), served.get("/a.css", accept_encoding="gzip, br")
        assert (plain.body, plain["content-encoding"]) == (b"plain", "")
        assert (coded.body, coded["content-encoding"]) == (b"gz", "gzip")
        assert plain["vary"] == coded["vary"] == "Accept-Encoding"
        assert plain["content-type"] == coded["content-type"] == "text/css; charset=utf-8"
        assert plain["etag"] != coded["etag"]
    assert served.get("/a.css", accept_encoding="gzip", if_none_match=coded["etag"]).status == 304
    part = served.get("/a.css", accept_encoding="gzip", range="bytes=1-1")
    assert (part.body, part["content-range"]) == (b"z", "bytes 1-1/2")


def test_a_copy_of_what_changed_is_not_sent_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled(monkeypatch)
    served = Served(tmp_path)
    file = write(tmp_path, "a.css", b"plain")
    write(tmp_path, "a.css.gz", b"gz")
    assert served.get("/a.css", accept_encoding="gzip").body == b"gz"
    file.write_bytes(b"changed")
    assert served.get("/a.css", accept_encoding="gzip").body == b"changed"


def test_copies_are_of_text_and_only_if_they_are_wanted(tmp_path: Path) -> None:
    for name in ("a.png", "a.css"):
        write(tmp_path, name, b"plain")
        write(tmp_path, f"{name}.gz", b"gz")
    answer = Served(tmp_path).get("/a.png", accept_encoding="gzip")
    assert (answer.body, answer["vary"]) == (b"plain", "")
    answer = Served(tmp_path, copies=False).get("/a.css", accept_encoding="gzip")
    assert (answer.body, answer["vary"]) == (b"plain", "")


def test_a_folder_is_listed_where_that_is_said(tmp_path: Path) -> None:
    write(tmp_path, "d/a.txt")
    with pytest.raises(NoFile):
        Served(tmp_path).get("/d/")
    served = Served(tmp_path, listing=True)
    answer = served.get("/d/")
    assert b"a.txt" in answer.body
    assert b"Index of /d/" in answer.body
    assert answer["content-type"] == "text/html; charset=utf-8"
    assert served.get("/d")["location"] == "./d/"


def test_others_are_served_while_a_large_folder_is_listed(tmp_path: Path) -> None:
    for number in range(STEP * 4):
        (tmp_path / str(number)).touch()
    answer = Served(tmp_path, listing=True).get("/")
    assert answer.body.count(b"<tr>") == STEP * 4


def test_a_date_to_come_is_not_said(tmp_path: Path) -> None:
    write(tmp_path, "a", at=clock.wall() + 3600)
    answer = Served(tmp_path).get("/a")
    assert answer["last-modified"] == ""
    assert answer["etag"]


def test_what_would_be_served_is_said_in_words(tmp_path: Path) -> None:
    write(tmp_path, "d/index.html")
    write(tmp_path, "app.html.gz")
    write(tmp_path, "app.html")
    before = descriptors()
    served = Served(tmp_path, tries=(*map(parse_attempt, ("{path}", "{path}/", "/app.html")),))

    def described(path: str, **fields: str) -> str:
        _, exchange = served.begun("/app.html")
        exchange.request.target = path.encode()
        exchange.request.fields = [(b"accept-encoding", each.encode()) for each in fields.values()]
        return served.files.described(exchange.request)

    assert described("/d/") == f"{tmp_path}/d/index.html"
    assert described("/d") == f"{tmp_path}/d/"
    assert described("/none") == f"{tmp_path}/app.html"
    assert described("/none", accept_encoding="gzip") == f"{tmp_path}/app.html.gz"
    assert descriptors() == before


# No way out.

TRICKS = st.sampled_from(
    [
        *("/", "//", "..", ".", "%2e", "%2e%2e", "%2f", "%5c", "\\", ";", "%00", "a", "in", "out"),
        *("secret", "%c0%af", "%c0%ae", "%252e", "%u2216", "..;", "etc", "passwd", "~", "%", " "),
        *("file", "%ef%bc%8f", "link", "inside.txt", "?", "#"),
    ]
)


@pytest.fixture(scope="module")
def trap(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trap")
    write(folder, "secret", b"SECRET")
    write(folder, "out/secret", b"SECRET")
    write(folder, "root/inside.txt", b"inside")
    write(folder, "root/a/inside.txt", b"inside")
    (folder / "root" / "link").symlink_to("../out")
    (folder / "root" / "in").symlink_to("a")
    return folder / "root"


@settings(max_examples=500)
@given(st.lists(TRICKS, max_size=10).map("".join))
def test_no_path_leads_out_of_the_root(trap: Path, rest: str) -> None:
    served = Served(trap, hidden=True, listing=True)
    before = descriptors()
    try:
        answer = served.get("/" + rest)
    except (BadRequest, NoFile, LinkDenied):
        return
    assert b"SECRET" not in answer.body
    assert answer.body == b"inside" or answer.status == 308 or b"Index of" in answer.body
    assert descriptors() == before
