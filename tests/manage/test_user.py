"""Whom the workers run as. What needs root is done in real children."""

import ctypes
import grp
import json
import os
import pwd
import re
import socket
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from porch.manage import user
from porch.manage.user import Identity, confine, drop, identity, obstacle, unreadable

PR_GET_DUMPABLE = 3
PR_GET_NO_NEW_PRIVS = 39

NOBODY = pwd.getpwnam("nobody")
CHILD = Identity(name="nobody", uid=NOBODY.pw_uid, gid=NOBODY.pw_gid, groups=(NOBODY.pw_gid, 12345))

as_root = [
    pytest.mark.system,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another"),
]


def needs_root(test: Callable[..., None]) -> Callable[..., None]:
    for mark in as_root:
        test = mark(test)
    return test


def in_a_child(work: Callable[[], object]) -> object:
    """What `work` returns in a forked process, or what it raised, as text."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            answer = work()
        except BaseException as error:  # nothing may lead the child back into the test run
            answer = f"{type(error).__name__}: {error}"
        finally:
            os.write(writing, json.dumps(answer).encode())
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as file:
        answer = json.loads(file.read())
    assert os.waitpid(pid, 0) == (pid, 0)
    return answer


def prctl(option: int) -> int:
    return int(ctypes.CDLL(None).prctl(option, 0, 0, 0, 0))


def capabilities() -> dict[str, int]:
    """CapInh, CapPrm, CapEff and CapAmb of this process."""
    text = Path("/proc/self/status").read_text()
    return {name: int(value, 16) for name, value in re.findall(r"(Cap(?!Bnd)\w+):\t(\w+)", text)}


def refused(work: Callable[[], object]) -> bool:
    try:
        work()
    except PermissionError:
        return True
    return False


# --- who it is -------------------------------------------------------------------------------


def test_a_user_is_found_by_name_and_by_number() -> None:
    by_name, by_number = identity("nobody"), identity(str(NOBODY.pw_uid))
    assert (by_name.uid, by_name.gid) == (NOBODY.pw_uid, NOBODY.pw_gid)
    assert by_name.gid in by_name.groups
    assert (by_number.uid, by_number.groups) == (by_name.uid, by_name.groups)
    assert str(by_name) == f"nobody (uid {NOBODY.pw_uid}, gid {NOBODY.pw_gid})"


def test_a_group_stands_in_place_of_the_own_one() -> None:
    daemon = grp.getgrnam("daemon")
    for text in ("daemon", str(daemon.gr_gid)):
        found = identity("nobody", text)
        assert (found.uid, found.gid) == (NOBODY.pw_uid, daemon.gr_gid)
        assert daemon.gr_gid in found.groups


def test_a_number_without_a_user_needs_a_group() -> None:
    assert identity("54321", "54322") == Identity(
        name="54321", uid=54321, gid=54322, groups=(54322,)
    )
    with pytest.raises(ValueError, match=r"^no user has the number 54321 here, so its group"):
        identity("54321")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ("prch",),
            "no user 'prch' on this machine; make one (useradd --system --user-group prch)",
        ),
        (("nobody", "prch"), "no group 'prch' on this machine; make one (groupadd --system prch)"),
        (("root",), 'user = "root" would change nothing; name one with fewer rights'),
        (("0",), 'user = "0" would change nothing'),
        (("9" * 30,), "no user can have the number"),
    ],
)
def test_what_cannot_be_is_said(words: tuple[str, ...], says: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(says)}"):
        identity(*words)


def test_only_root_and_the_user_itself_have_no_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    for uid in (0, CHILD.uid):
        monkeypatch.setattr(os, "geteuid", lambda uid=uid: uid)
        assert obstacle(CHILD) == ""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    sentence = (
        f"only root can run workers as nobody (uid {CHILD.uid}, gid {CHILD.gid}), and this door "
        "runs with uid 1000; start it as root, or leave user out"
    )
    assert obstacle(CHILD) == sentence
    with pytest.raises(PermissionError, match=f"^{re.escape(sentence)}$"):
        drop(CHILD)


# --- becoming it -----------------------------------------------------------------------------


@needs_root
def test_a_child_becomes_the_user_for_good() -> None:
    def child() -> object:
        drop(CHILD)
        return {
            "uids": os.getresuid(),
            "gids": os.getresgid(),
            "groups": sorted(os.getgroups()),
            "back": [refused(lambda: os.setuid(0)), refused(lambda: os.seteuid(0))],
            "group back": refused(lambda: os.setgid(0)),
            "groups back": refused(lambda: os.setgroups([0])),
            "capabilities": capabilities(),
            "no new privileges": prctl(PR_GET_NO_NEW_PRIVS),
            "dumpable": prctl(PR_GET_DUMPABLE),
        }

    assert in_a_child(child) == {
        "uids": [CHILD.uid] * 3,
        "gids": [CHILD.gid] * 3,
        "groups": sorted(CHILD.groups),
        "back": [True, True],
        "group back": True,
        "groups back": True,
        "capabilities": dict.fromkeys(("CapInh", "CapPrm", "CapEff", "CapAmb"), 0),
        "no new privileges": 1,
        "dumpable": 0,
    }


@needs_root
def test_roots_files_and_ports_are_out_of_reach_afterwards() -> None:
    with tempfile.TemporaryDirectory(prefix="porch") as name:
        folder = Path(name)
        folder.chmod(0o755)
        key, page = folder / "key.pem", folder / "page.html"
        key.write_text("secret")
        key.chmod(stat.S_IRUSR)
        page.write_text("page")
        page.chmod(0o644)

        def child() -> object:
            drop(CHILD)
            return [page.read_text(), refused(key.read_text), refused(lambda: os.kill(1, 0))]

        assert in_a_child(child) == ["page", True, True]


@needs_root
def test_what_was_open_before_stays_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def child() -> object:
            drop(CHILD)
            with socket.socket() as client:
                client.connect(listening.getsockname())
                accepted, _ = listening.accept()
                accepted.close()
            return listening.getsockname()[1]

        assert in_a_child(child) == listening.getsockname()[1]


@needs_root
def test_the_user_itself_gives_up_the_rest() -> None:
    def child() -> object:
        os.setresgid(CHILD.gid, CHILD.gid, CHILD.gid)
        os.setresuid(CHILD.uid, CHILD.uid, CHILD.uid)
        drop(CHILD)
        return [os.getresuid(), prctl(PR_GET_NO_NEW_PRIVS), prctl(PR_GET_DUMPABLE)]

    assert in_a_child(child) == [[CHILD.uid] * 3, 1, 0]


@needs_root
def test_a_capability_for_low_ports_does_not_reach_a_worker() -> None:
    """As under AmbientCapabilities=CAP_NET_BIND_SERVICE: a plain user with one capability."""
    only = 1 << 10  # CAP_NET_BIND_SERVICE
    libc = ctypes.CDLL(None, use_errno=True)

    def child() -> object:
        libc.prctl(8, 1, 0, 0, 0)  # PR_SET_KEEPCAPS
        os.setresuid(CHILD.uid, CHILD.uid, CHILD.uid)
        header = (ctypes.c_uint32 * 2)(0x20080522, 0)
        libc.capset(header, (ctypes.c_uint32 * 6)(only, only, only, 0, 0, 0))
        libc.prctl(47, 2, 10, 0, 0)  # PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE
        before = capabilities()
        confine()
        return [before, capabilities()]

    names = ("CapInh", "CapPrm", "CapEff", "CapAmb")
    assert in_a_child(child) == [dict.fromkeys(names, only), dict.fromkeys(names, 0)]


@needs_root
def test_a_worker_that_stays_root_keeps_what_root_has() -> None:
    def child() -> object:
        before = capabilities()
        confine()
        return [capabilities() == before, prctl(PR_GET_NO_NEW_PRIVS)]

    assert in_a_child(child) == [True, 1]


@needs_root
def test_code_that_the_user_cannot_read_is_said() -> None:
    with tempfile.TemporaryDirectory(prefix="porch") as name:  # its mode is 0700
        inside = Path(name) / "porch.py"
        inside.touch()

        def child() -> object:
            before = unreadable([inside])
            drop(CHILD)
            return [before, unreadable([inside])]

        assert in_a_child(child) == [
            "",
            f"the workers' user cannot read {inside}: what is loaded late will fail; install "
            "Porch and its Python where all may read, /opt/porch for one",
        ]


def test_code_that_can_be_read_is_no_trouble() -> None:
    assert unreadable() == ""


# --- a system that does not do what it says --------------------------------------------------


@pytest.fixture
def willing(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A system where nothing is done and everything succeeds."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    for name in ("setgroups", "setgid", "setuid"):
        monkeypatch.setattr(os, name, lambda number: None)
    monkeypatch.setattr(user, "confine", lambda: None)
    monkeypatch.setattr(user, "_prctl", lambda option, value: None)
    return monkeypatch


def test_a_way_back_to_root_is_noticed(willing: pytest.MonkeyPatch) -> None:
    with pytest.raises(PermissionError, match=r"^became nobody .* could go back to root"):
        drop(CHILD)


def test_a_way_back_to_roots_group_is_noticed(willing: pytest.MonkeyPatch) -> None:
    willing.setattr(os, "setuid", _once())
    with pytest.raises(PermissionError, match=r"could go back to root"):
        drop(CHILD)


def test_a_change_that_did_not_happen_is_noticed(willing: pytest.MonkeyPatch) -> None:
    willing.setattr(os, "setuid", _once())
    willing.setattr(os, "getuid", lambda: 0)
    root_group = Identity(name="nobody", uid=CHILD.uid, gid=0, groups=(0,))
    with pytest.raises(PermissionError, match=r"^did not become nobody"):
        drop(root_group)


def test_what_the_system_refuses_is_said_with_the_name(willing: pytest.MonkeyPatch) -> None:
    def refuse(groups: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    willing.setattr(os, "setgroups", refuse)
    with pytest.raises(OSError, match=r"cannot become nobody .*: Operation not permitted$"):
        drop(CHILD)


def test_a_refusal_of_the_kernel_is_an_error() -> None:
    with pytest.raises(OSError, match="Invalid argument"):
        user._prctl(-1, 0)


def test_elsewhere_than_on_linux_there_is_nothing_to_give_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    confine()


def _once() -> Callable[[int], None]:
    """A setuid that works once."""
    called: list[int] = []

    def setuid(number: int) -> None:
        if called:
            raise PermissionError(1, "Operation not permitted")
        called.append(number)

    return setuid


@pytest.mark.parametrize(("user", "group"), [("nobody", "9" * 14), ("9" * 14, "0")])
def test_a_number_that_nobody_can_have_is_refused(user: str, group: str) -> None:
    with pytest.raises(ValueError, match="can have the number 99999999999999"):
        identity(user, group)
