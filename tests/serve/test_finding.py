"""Which file answers a path."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

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
    write(folder, "a.css.br", at=LONG_AGO - 1)
    assert Found(folder).copy(b"/a.css", b"br") is None


def test_a_copy_that_is_a_folder_is_none(folder: Path) -> None:
    (folder / "a.css.gz").mkdir()
    assert Found(folder).copy(b"/a.css", b"gzip") is None
