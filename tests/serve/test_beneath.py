"""Below the root, and nowhere else."""

import errno
import os
import socket
from pathlib import Path

import pytest

from porch.errors import NoDescriptors, PorchError
from porch.serve.beneath import Beneath, Links, identity
from porch.serve.file_errors import FileDenied, FileUnreadable, LinkDenied, NoFile, RootGone
from tests.support.folder import descriptors, write


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    write(folder, "a/b/c.txt", b"c")
    write(folder, "top.txt", b"top")
    write(tmp_path, "secret", b"secret")
    return folder


def content(root: Path, *names: bytes, links: Links = "inside") -> bytes:
    before = descriptors()
    found = Beneath(os.fsencode(root), links).open(names)
    assert found.descriptor >= 0
    data = os.pread(found.descriptor, 100, 0)
    assert os.fstat(found.descriptor).st_size == found.stat.st_size
    os.close(found.descriptor)
    assert descriptors() == before
    return data


def why(root: Path, *names: bytes, links: Links = "inside") -> PorchError:
    before = descriptors()
    with pytest.raises(PorchError) as caught:
        Beneath(os.fsencode(root), links).open(names)
    assert descriptors() == before
    return caught.value


def test_a_file_is_opened_wherever_it_lies(root: Path) -> None:
    assert content(root, b"top.txt") == b"top"
    assert content(root, b"a", b"b", b"c.txt") == b"c"
    assert content(root, b"a", b"b", b"c.txt", links="any") == b"c"


def test_a_folder_is_found_and_is_no_file(root: Path) -> None:
    for names in ((), (b"a",), (b"a", b"b")):
        assert Beneath(os.fsencode(root)).open(names).descriptor == -1


@pytest.mark.parametrize(
    "names", [(b"none",), (b"none", b"x"), (b"top.txt", b"x"), (b"x" * 300,), (b"a", b"b", b"none")]
)
def test_what_is_not_there_is_no_file(root: Path, names: tuple[bytes, ...]) -> None:
    assert isinstance(why(root, *names), NoFile)


def test_neither_fifo_nor_socket_nor_device_is_a_file(root: Path, tmp_path: Path) -> None:
    os.mkfifo(root / "fifo")
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(root / "s"))
        for name in (b"fifo", b"s"):
            assert isinstance(why(root, name), NoFile)
    assert isinstance(why(Path("/dev"), b"null", links="any"), NoFile)
    assert isinstance(why(Path("/dev"), b"zero"), NoFile)


def test_a_link_that_ends_below_the_root_is_followed(root: Path, tmp_path: Path) -> None:
    (root / "relative").symlink_to("a/b/c.txt")
    (root / "absolute").symlink_to(root / "top.txt")
    (root / "folder").symlink_to("a/b")
    (root / "a" / "up").symlink_to("../top.txt")
    (root / "round").symlink_to("../root/top.txt")
    assert content(root, b"relative") == b"c"
    assert content(root, b"absolute") == b"top"
    assert content(root, b"folder", b"c.txt") == b"c"
    assert content(root, b"a", b"up") == b"top"
    assert content(root, b"round") == b"top"


def test_a_link_out_of_the_root_is_not(root: Path, tmp_path: Path) -> None:
    write(tmp_path, "root-beside/x", b"x")
    for number, to in enumerate(("../secret", str(tmp_path / "secret"), "/etc/passwd")):
        (root / f"l{number}").symlink_to(to)
        error = why(root, b"l%d" % number)
        assert isinstance(error, LinkDenied)
        assert "out of the root" in error.detail
    (root / "out").symlink_to("..")
    assert isinstance(why(root, b"out", b"secret"), LinkDenied)
    (root / "like").symlink_to(tmp_path / "root-beside")
    assert isinstance(why(root, b"like", b"x"), LinkDenied)
    assert content(root, b"l0", links="any") == b"secret"
    assert content(root, b"out", b"secret", links="any") == b"secret"


def test_no_link_is_followed_where_none_is_to_be(root: Path) -> None:
    (root / "relative").symlink_to("a/b/c.txt")
    (root / "folder").symlink_to("a/b")
    assert isinstance(why(root, b"relative", links="none"), LinkDenied)
    assert isinstance(why(root, b"folder", b"c.txt", links="none"), LinkDenied)


def test_a_link_to_itself_or_to_nothing_is_no_file(root: Path) -> None:
    (root / "loop").symlink_to("loop")
    (root / "nothing").symlink_to("none")
    for links in ("inside", "any"):
        assert isinstance(why(root, b"loop", links=links), NoFile)
        assert isinstance(why(root, b"nothing", links=links), NoFile)


def test_the_root_may_be_a_link_that_is_turned_over(root: Path, tmp_path: Path) -> None:
    write(tmp_path, "next/top.txt", b"next")
    current = tmp_path / "current"
    current.symlink_to("root")
    beneath = Beneath(os.fsencode(current))
    assert os.fstat(beneath.open((b"top.txt",)).descriptor).st_size == 3
    (tmp_path / "new").symlink_to("next")
    (tmp_path / "new").rename(current)
    assert content(current, b"top.txt") == b"next"


@pytest.mark.parametrize("links", ["inside", "any", "none"])
def test_a_root_that_is_gone_is_said(root: Path, links: Links) -> None:
    assert isinstance(why(root, b"none", links=links), NoFile)
    root.rename(root.parent / "gone")
    assert isinstance(why(root, b"top.txt", links=links), RootGone)
    assert isinstance(why(root / "secret", b"top.txt", links=links), RootGone)


@pytest.mark.parametrize("links", ["inside", "any", "none"])
def test_a_root_that_was_made_a_link_to_the_whole_machine_is_none(
    root: Path, tmp_path: Path, links: Links
) -> None:
    current = tmp_path / "current"
    current.symlink_to("root")
    beneath = Beneath(os.fsencode(current), links)
    os.close(beneath.open((b"top.txt",)).descriptor)
    for to in ("/", "//", "/etc/.."):
        current.unlink()
        current.symlink_to(to)
        for ask in (beneath.open, beneath.folder):
            with pytest.raises(RootGone, match="the whole machine"):
                ask((b"etc",))


def test_a_link_to_what_is_hidden_is_no_file(root: Path) -> None:
    write(root, ".env", b"env")
    write(root, ".git/config", b"config")
    write(root, ".well-known/a", b"a")
    for name, to in (("e", ".env"), ("g", ".git"), ("w", ".well-known")):
        (root / name).symlink_to(to)
    assert isinstance(why(root, b"e"), NoFile)
    assert isinstance(why(root, b"g", b"config"), NoFile)
    assert content(root, b"w", b"a") == b"a"
    with pytest.raises(NoFile):
        Beneath(os.fsencode(root)).folder((b"g",))
    found = Beneath(os.fsencode(root), hidden=True).open((b"e",))
    assert os.pread(found.descriptor, 9, 0) == b"env"
    os.close(found.descriptor)
    assert content(root, b"e", links="any") == b"env"


@pytest.mark.parametrize("links", ["inside", "any"])
@pytest.mark.parametrize("count", [41, 1500])
def test_so_many_links_are_followed_as_the_system_does(
    root: Path, links: Links, count: int
) -> None:
    (root / "0").symlink_to("top.txt")
    for number in range(1, count):
        (root / str(number)).symlink_to(str(number - 1))
    assert content(root, b"39", links=links) == b"top"
    assert isinstance(why(root, str(count - 1).encode(), links=links), NoFile)


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.EACCES, FileDenied),
        (errno.EPERM, FileDenied),
        (errno.EMFILE, NoDescriptors),
        (errno.ENFILE, NoDescriptors),
        (errno.EIO, FileUnreadable),
        (errno.ESTALE, FileUnreadable),
    ],
)
def test_each_refusal_of_the_system_has_its_word(
    root: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[PorchError]
) -> None:
    opened = os.open

    def refuse(path: bytes, flags: int, **where: int) -> int:
        if path == b"top.txt":
            raise OSError(number, os.strerror(number))
        return opened(path, flags, **where)

    monkeypatch.setattr("porch.serve.beneath.os.open", refuse)
    error = why(root, b"top.txt")
    assert type(error) is kind
    assert "top.txt" in error.detail


def test_no_descriptors_for_the_root_is_no_root_that_is_gone(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: bytes, flags: int, **where: int) -> int:
        raise OSError(errno.EMFILE, "none left")

    monkeypatch.setattr("porch.serve.beneath.os.open", refuse)
    assert isinstance(why(root, b"top.txt"), NoDescriptors)


def test_a_fifo_that_takes_a_files_place_blocks_nobody(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = os.open

    def put_in_place(path: bytes, flags: int, **where: int) -> int:
        if path == b"top.txt":
            (root / "top.txt").unlink()
            os.mkfifo(root / "top.txt")
        return opened(path, flags, **where)

    monkeypatch.setattr("porch.serve.beneath.os.open", put_in_place)
    assert isinstance(why(root, b"top.txt"), NoFile)


def test_a_link_that_takes_a_files_place_is_not_followed(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = os.open

    def put_in_place(path: bytes, flags: int, **where: int) -> int:
        if path == b"top.txt":
            (root / "top.txt").unlink()
            (root / "top.txt").symlink_to(tmp_path / "secret")
        return opened(path, flags, **where)

    monkeypatch.setattr("porch.serve.beneath.os.open", put_in_place)
    assert isinstance(why(root, b"top.txt"), NoFile)


def test_what_lies_beside_a_file_is_told_by_its_end(root: Path) -> None:
    write(root, "top.txt.gz")
    beneath = Beneath(os.fsencode(root))
    assert beneath.beside((b"top.txt",), [b".br", b".gz"]) == [b".gz"]
    assert beneath.beside((b"a", b"b", b"c.txt"), [b".br", b".gz"]) == []


def test_a_folder_can_be_read_from(root: Path) -> None:
    beneath = Beneath(os.fsencode(root))
    for names, there in (((), {"a", "top.txt"}), ((b"a",), {"b"})):
        descriptor = beneath.folder(names)
        assert set(os.listdir(descriptor)) == there
        os.close(descriptor)
    with pytest.raises(NoFile):
        beneath.folder((b"top.txt",))


def test_another_state_of_a_file_has_another_identity(root: Path) -> None:
    first = identity(os.stat(root / "top.txt"))
    assert identity(os.stat(root / "top.txt")) == first
    write(root, "new", b"top")
    (root / "new").rename(root / "top.txt")
    assert identity(os.stat(root / "top.txt")) != first


def test_a_file_that_is_known_is_opened_again_while_it_is_the_same(
    root: Path, tmp_path: Path
) -> None:
    beneath = Beneath(os.fsencode(root))
    known = identity(os.stat(root / "a" / "b" / "c.txt"))
    before = descriptors()
    found = beneath.again((b"a", b"b", b"c.txt"), known)
    assert found is not None
    os.close(found)
    assert beneath.again((b"top.txt",), known) is None
    assert beneath.again((b"none",), known) is None
    (root / "out").symlink_to(tmp_path)
    assert beneath.again((b"out", b"secret"), known) is None
    assert descriptors() == before


@pytest.mark.parametrize("names", [(b"in",), (b"in", b"deeper"), (b"real",)])
def test_a_link_that_takes_a_folders_place_is_not_listed(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: tuple[bytes, ...]
) -> None:
    write(root, "real/deeper/x", b"x")
    for name in ("outside/secret", "outside/deeper/secret"):
        write(tmp_path, name, b"secret")
    (root / "in").symlink_to("real")
    opened = os.open

    def put_in_place(path: bytes, flags: int, **where: int) -> int:
        if path == b"real" or (path, names[-1]) == (b"deeper", b"deeper"):
            (root / "real").rename(root / "moved")
            (root / "real").symlink_to(tmp_path / "outside")
            monkeypatch.setattr("porch.serve.beneath.os.open", opened)
        return opened(path, flags, **where)

    monkeypatch.setattr("porch.serve.beneath.os.open", put_in_place)
    before = descriptors()
    try:
        folder = Beneath(os.fsencode(root)).folder(names)
    except (NoFile, LinkDenied):
        pass
    else:
        assert "secret" not in os.listdir(folder)
        os.close(folder)
    assert (root / "moved").exists()
    assert descriptors() == before
