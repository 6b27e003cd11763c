"""Which file answers a path."""

import errno
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from porch.errors import NoDescriptors
from porch.serve.beneath import Beneath
from porch.serve.file_errors import LinkDenied, NoFile
from porch.serve.finding import File, Finding, Folder
from porch.serve.named import named
from porch.serve.trying import DEFAULT, parse_attempt
from tests.support.folder import LONG_AGO, descriptors, write


class Found:
    """A folder with a Finding for it."""

    def __init__(
        self,
        folder: Path,
        tries: Sequence[str] = DEFAULT,
        index: Sequence[bytes] = (b"index.html", b"index.htm"),
        listing: bool = False,
    ) -> None:
        self.beneath = Beneath(os.fsencode(folder))
        self.finding = Finding(
            self.beneath, [parse_attempt(each) for each in tries], index, listing=listing
        )

    def __call__(self, path: bytes) -> str | Folder:
        before = descriptors()
        found = self.finding.find(named(path))
        if isinstance(found, File):
            os.close(found.descriptor)
        assert descriptors() == before
        return b"/".join(found.names).decode() if isinstance(found, File) else found

    def copy(self, name: bytes, *codings: bytes) -> bytes | None:
        before = descriptors()
        file = self.finding.find(named(name))
        assert isinstance(file, File)
        found = self.finding.copy(file, codings)
        os.close(found.descriptor)
        assert descriptors() == before
        assert found.sent[-1].startswith(found.names[-1])
        return found.coding


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("index.html", "a.css", "docs/index.htm", "docs/x.html", "empty/sub/x", "app.html"):
        write(tmp_path, name)
    return tmp_path


def test_a_path_is_its_file_or_the_index_of_its_folder(folder: Path) -> None:
    found = Found(folder)
    assert found(b"/a.css") == "a.css"
    assert found(b"/") == "index.html"
    assert found(b"/docs/") == "docs/index.htm"
    assert found(b"/docs/index.htm") == "docs/index.htm"


def test_a_folder_without_its_slash_is_sent_there(folder: Path) -> None:
    assert Found(folder)(b"/docs") == Folder((b"docs",), is_listed=False)


@pytest.mark.parametrize("path", [b"/none", b"/a.css/", b"/a.css/x", b"/empty/", b"/empty", b"/x/"])
def test_nothing_else_is_found(folder: Path, path: bytes) -> None:
    with pytest.raises(NoFile, match=path.strip(b"/").decode()):
        Found(folder)(path)


def test_a_folder_is_listed_where_it_may_and_has_no_index(folder: Path) -> None:
    found = Found(folder, listing=True)
    assert found(b"/empty/") == Folder((b"empty",), is_listed=True)
    assert found(b"/empty") == Folder((b"empty",), is_listed=False)
    assert found(b"/docs/") == "docs/index.htm"
    with pytest.raises(NoFile):
        found(b"/none/")
    with pytest.raises(NoFile):
        found(b"/a.css/")


def test_without_an_index_there_is_only_the_listing(folder: Path) -> None:
    assert Found(folder, index=(), listing=True)(b"/") == Folder((), is_listed=True)
    with pytest.raises(NoFile):
        Found(folder, index=())(b"/")


def test_an_application_of_one_page_answers_what_is_no_file(folder: Path) -> None:
    found = Found(folder, tries=["{path}", "/app.html"])
    assert found(b"/users/7") == "app.html"
    assert found(b"/users/") == "app.html"
    assert found(b"/docs") == "app.html"
    assert found(b"/a.css") == "a.css"


def test_pages_are_found_without_their_end(folder: Path) -> None:
    found = Found(folder, tries=["{path}", "{path}.html", "{path}/"])
    assert found(b"/docs/x") == "docs/x.html"
    assert found(b"/docs/") == "docs/index.htm"


def test_what_may_not_be_served_is_not_replaced_by_what_may(folder: Path) -> None:
    (folder / "link").symlink_to("/etc/passwd")
    with pytest.raises(LinkDenied):
        Found(folder, tries=["{path}", "/app.html"])(b"/link")


def test_a_copy_is_sent_to_who_takes_it_and_wants_it_most(folder: Path) -> None:
    write(folder, "a.css.gz")
    write(folder, "a.css.br")
    found = Found(folder)
    assert found.copy(b"/a.css", b"br", b"gzip") == b"br"
    assert found.copy(b"/a.css", b"gzip", b"br") == b"gzip"
    assert found.copy(b"/a.css", b"zstd") is None
    assert found.copy(b"/a.css", b"zstd", b"gzip") == b"gzip"


def test_an_older_copy_is_not_sent(folder: Path) -> None:
    write(folder, "a.css", at=LONG_AGO + 0.9)
    write(folder, "a.css.gz", at=LONG_AGO)
    assert Found(folder).copy(b"/a.css", b"gzip") == b"gzip", "within a second it is as old"
    for earlier in (0.4, 1):
        write(folder, "a.css.br", at=LONG_AGO + 0.9 - earlier)
        assert Found(folder).copy(b"/a.css", b"br") is None


@pytest.mark.parametrize("kept", [1, 1000, 10**9])
def test_a_copy_has_the_date_of_the_file_as_far_as_programs_keep_it(
    folder: Path, kept: int
) -> None:
    at = LONG_AGO * 10**9 + 987_654_321
    os.utime(folder / "a.css", ns=(at, at))
    write(folder, "a.css.gz")
    for earlier, coding in ((0, b"gzip"), (1, None)):
        copied = at // kept * kept - earlier
        os.utime(folder / "a.css.gz", ns=(copied, copied))
        assert Found(folder).copy(b"/a.css", b"gzip") == coding


def test_a_copy_that_may_not_be_served_leaves_the_file_as_it_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a.css.br").symlink_to("/etc/passwd")
    write(folder, "a.css.gz")
    opened = os.open

    def refuse(path: bytes, flags: int, **where: int) -> int:
        if path == b"a.css.gz":
            raise PermissionError(errno.EACCES, "no")
        return opened(path, flags, **where)

    monkeypatch.setattr("porch.serve.beneath.os.open", refuse)
    assert Found(folder).copy(b"/a.css", b"br", b"gzip") is None
    write(folder, "a.css.zst")
    assert Found(folder).copy(b"/a.css", b"br", b"gzip", b"zstd") == b"zstd"


def test_a_worker_without_descriptors_says_so_of_a_copy_too(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Found(folder)
    file = found.finding.find(named(b"/a.css"))
    assert isinstance(file, File)
    write(folder, "a.css.gz")

    def refuse(path: bytes, flags: int, **where: int) -> int:
        raise OSError(errno.EMFILE, "none left")

    monkeypatch.setattr("porch.serve.beneath.os.open", refuse)
    with pytest.raises(NoDescriptors):
        found.finding.copy(file, [b"gzip"])
    os.close(file.descriptor)


def test_a_folder_that_a_rewrite_has_named_is_found_without_its_slash(folder: Path) -> None:
    beneath = Beneath(os.fsencode(folder))
    tries = [parse_attempt(each) for each in DEFAULT]
    finding = Finding(beneath, tries, (b"index.htm",), listing=True, slashes=False)
    file = finding.find(named(b"/docs"))
    assert isinstance(file, File)
    os.close(file.descriptor)
    assert file.names == (b"docs", b"index.htm")
    assert finding.find(named(b"/empty")) == Folder((b"empty",), is_listed=True)


def test_a_copy_that_is_a_folder_is_none(folder: Path) -> None:
    (folder / "a.css.gz").mkdir()
    assert Found(folder).copy(b"/a.css", b"gzip") is None
