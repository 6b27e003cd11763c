"""The system's roots: Debian's real command on folders of the test's own, and what others are
told, written down by a runner that runs nothing."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from porch.certs.told import Told, run
from porch.certs.trust_system import (
    SYSTEMS,
    Anchors,
    add,
    add_to_keychain,
    remove,
    remove_from_keychain,
    system_of,
)
from tests.support.certificates import make

PEM = make("a root").pem


class Runner:
    """Runs nothing. said: what each command is told to have written, by a word of it."""

    def __init__(self, **said: tuple[int, str]) -> None:
        self.said = said
        self.commands: list[list[str]] = []

    def __call__(self, command: Sequence[str]) -> tuple[int, str]:
        self.commands.append(list(command))
        for word, answer in self.said.items():
            if word.replace("_", "-") in command:
                return answer
        return 0, ""


def missing(command: Sequence[str]) -> tuple[int, str]:
    raise FileNotFoundError(command[0])


@pytest.fixture
def anchors(tmp_path: Path) -> Anchors:
    (tmp_path / "anchors").mkdir()
    return Anchors(tmp_path / "anchors", ("refresh",), ("refresh", "--fresh"))


def test_the_one_that_is_there_is_chosen(tmp_path: Path, anchors: Anchors) -> None:
    other = Anchors(tmp_path / "other", ("x",), ("x",))
    assert system_of([other, anchors]) is anchors
    assert system_of([other]) is None
    assert len({each.folder for each in SYSTEMS}) == 4


def test_a_root_is_added_once_for_all_to_read(anchors: Anchors) -> None:
    runner = Runner()
    path = anchors.folder / "porch-1.crt"
    before = os.umask(0o077)
    try:
        assert add(anchors, "porch-1.crt", PEM, runner) == Told(f"the system trusts it ({path})")
    finally:
        os.umask(before)
    assert path.read_bytes() == PEM
    assert path.stat().st_mode & 0o777 == 0o644
    assert add(anchors, "porch-1.crt", PEM, runner).done == f"the system trusts it already ({path})"
    assert runner.commands == [["refresh"], ["refresh"]]
    assert os.listdir(anchors.folder) == ["porch-1.crt"]


def test_it_is_removed_once(anchors: Anchors) -> None:
    runner = Runner()
    add(anchors, "porch-1.crt", PEM, runner)
    path = anchors.folder / "porch-1.crt"
    assert remove(anchors, "porch-1.crt", runner) == Told(
        f"the system has forgotten it ({path} is removed)"
    )
    assert remove(anchors, "porch-1.crt", runner) == Told()
    assert runner.commands == [["refresh"], ["refresh", "--fresh"]]


def test_who_may_not_write_there_is_told_the_way_out(
    anchors: Anchors, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    add(anchors, "porch-1.crt", PEM, Runner())
    monkeypatch.setattr(Path, "write_bytes", refuse)
    monkeypatch.setattr(Path, "unlink", refuse)
    way_out = (
        f"only root may write into {anchors.folder}; try again as root (sudo), or leave the"
        " system out (--browsers-only)"
    )
    with pytest.raises(PermissionError):
        Path("x").unlink()
    assert remove(anchors, "porch-1.crt", Runner()) == Told(
        missing=f"the system still trusts it: {way_out}"
    )
    assert add(anchors, "porch-2.crt", PEM, Runner()) == Told(
        missing=f"the system does not trust it: {way_out}"
    )


def test_a_place_that_cannot_be_written_is_said(anchors: Anchors) -> None:
    (anchors.folder / "porch-1.crt").mkdir()
    told = add(anchors, "porch-1.crt", PEM, Runner())
    assert told.missing.endswith("cannot be written: Is a directory; mend that, then try again")
    assert os.listdir(anchors.folder) == ["porch-1.crt"]


def test_who_is_not_root_is_content_with_what_root_has_added(
    anchors: Anchors, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(anchors, "a.crt", PEM, Runner())
    failing = Runner(refresh=(1, "E: only root may.\n"))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    has_it = Told(f"the system has it already ({anchors.folder / 'a.crt'})")
    assert add(anchors, "a.crt", PEM, failing) == has_it
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert "may not trust it yet" in add(anchors, "a.crt", PEM, failing).missing


def test_a_command_that_fails_or_is_missing_is_said(
    anchors: Anchors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    failing = Runner(refresh=(1, "working\nE: no room.\n"))
    reason = "refresh failed: E: no room; try again as root (sudo)"
    assert add(anchors, "a.crt", PEM, failing).missing == (
        f"the system may not trust it yet: {reason}"
    )
    assert remove(anchors, "a.crt", failing).missing == (
        "the system may trust it still: refresh --fresh failed: E: no room; try again as root"
        " (sudo)"
    )
    assert add(anchors, "a.crt", PEM, missing).missing == (
        "the system may not trust it yet: there is no refresh; install it, then try again"
    )


@pytest.mark.system
@pytest.mark.skipif(
    shutil.which("update-ca-certificates", path="/usr/sbin:/usr/bin") is None,
    reason="not a Debian with ca-certificates",
)
def test_debians_own_command_takes_it_and_lets_go_of_it(tmp_path: Path) -> None:
    local, etc, hooks = (tmp_path / name for name in ("local", "etc", "hooks"))
    for folder in (local, etc, hooks):
        folder.mkdir()
    (tmp_path / "conf").write_text("#\n")
    (local / "other.crt").write_bytes(make("another").pem)
    words = ("--localcertsdir", str(local), "--etccertsdir", str(etc), "--hooksdir", str(hooks))
    command = ("update-ca-certificates", "--certsconf", str(tmp_path / "conf"), *words)
    anchors = Anchors(local, command, (*command, "--fresh"))
    assert add(anchors, "porch-1.crt", PEM, run).missing == ""
    assert PEM in (etc / "ca-certificates.crt").read_bytes()
    assert (etc / "porch-1.pem").read_bytes() == PEM
    assert remove(anchors, "porch-1.crt", run).missing == ""
    assert PEM not in (etc / "ca-certificates.crt").read_bytes()
    assert (etc / "other.pem").exists()
    assert not (etc / "porch-1.pem").is_symlink()


def test_macos_is_told_by_its_keychain(tmp_path: Path) -> None:
    runner = Runner(find_certificate=(0, "SHA-1 hash: ABCDEF\n"))
    keychain, pem = Path("/k"), tmp_path / "root.pem"
    assert add_to_keychain(keychain, pem, runner) == Told("the system trusts it (/k)")
    assert remove_from_keychain(keychain, pem, "abcdef", runner) == Told(
        "the system has forgotten it (/k)"
    )
    assert remove_from_keychain(keychain, pem, "123456", runner) == Told()
    assert [command[1] for command in runner.commands] == [
        "add-trusted-cert",
        "find-certificate",
        "remove-trusted-cert",
        "delete-certificate",
        "find-certificate",
    ]
    assert runner.commands[0][2:] == ["-d", "-r", "trustRoot", "-k", "/k", str(pem)]


def test_what_macos_refuses_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    refusal = (1, "SecTrustSettingsSetTrustSettings: denied\n")
    runner = Runner(
        find_certificate=(0, "SHA-1 hash: AB"),
        add_trusted_cert=refusal,
        remove_trusted_cert=refusal,
    )
    assert add_to_keychain(Path("/k"), tmp_path, runner).missing == (
        "the system does not trust it: security add-trusted-cert failed:"
        " SecTrustSettingsSetTrustSettings: denied; try again"
    )
    assert "may trust it still" in remove_from_keychain(Path("/k"), tmp_path, "ab", runner).missing
