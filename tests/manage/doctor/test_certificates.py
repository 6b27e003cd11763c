"""Certificates of files and of the store, near their ends."""

from pathlib import Path

import pytest

from porch.certs import backoff, moments
from porch.certs.failure import IssueError
from porch.certs.kept import keep_entry
from porch.certs.store import FileStore
from porch.config.check import examine
from porch.config.load import load
from porch.config.state import State
from porch.manage.doctor.certificates import check_certificates
from porch.manage.doctor.patient import Patient
from tests.certs.test_shelf import entry
from tests.support.certificates import START, make, names
from tests.support.hands import Hands

DAY = 86400


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Hands:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    return Hands(monkeypatch)


def patient(folder: Path, words: str) -> Patient:
    """A door with these words."""
    file = folder / "porch.toml"
    file.write_text(f'listen = ["127.0.0.1:0", "https://127.0.0.1:0"]\n{words}')
    loaded = load(file)
    built = examine(loaded, State())
    assert built is not None, loaded.report()
    return Patient(config=file, loaded=loaded, built=built)


def given(folder: Path, host: str, days: int) -> str:
    """A site with files; how the file has it."""
    made = make(host, names(host), days=days, start=START)
    for kind, content in (("crt", made.pem), ("key", made.key)):
        file = folder / f"{host}.{kind}"
        file.write_bytes(content)
        file.chmod(0o600)
    return f'[routes]\n"{host}" = ":1"\n[site."{host}"]\ncert = "{host}.crt"\nkey = "{host}.key"\n'


@pytest.mark.parametrize(
    ("days", "said", "text"),
    [
        (60, "ok", "1; the first ends in"),
        (13, "wrong", "ends in 12 d"),
        (0, "wrong", "ended"),
    ],
)
def test_files_that_end_soon_are_wrong(
    hands: Hands, tmp_path: Path, days: int, said: str, text: str
) -> None:
    words = given(tmp_path, "shop.test", 90)
    made = patient(tmp_path, words)
    hands.set(START.timestamp() + (90 - days) * DAY + DAY / 2)
    (found,) = check_certificates(made)
    assert (found.said, text in found.sentence) == (said, True), found.sentence
    assert said == "ok" or "put a new one into its files" in found.sentence


def test_that_of_the_admin_door_is_looked_at_too(
    hands: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADMIN_ANN", "x" * 32)
    given(tmp_path, "door.test", 90)
    words = given(tmp_path, "shop.test", 365)
    words += '[admin]\nlisten = "127.0.0.1:0"\ntokens.ann = "${ADMIN_ANN}"\n'
    made = patient(tmp_path, words + 'cert = "door.test.crt"\nkey = "door.test.key"\n')
    hands.set(START.timestamp() + DAY / 2)
    (found,) = check_certificates(made)
    assert (found.said, found.sentence) == ("ok", "2; the first ends in 89 days (the admin door)")
    hands.set(START.timestamp() + 80 * DAY)
    (found,) = check_certificates(made)
    assert found.said == "wrong"
    assert found.sentence.startswith("that of the admin door ends in ")
    assert "put a new one into its files" in found.sentence


def test_one_that_is_not_there_yet_is_no_harm(hands: Hands, tmp_path: Path) -> None:
    (found,) = check_certificates(patient(tmp_path, '[routes]\n"shop.dev" = ":1"\n'))
    assert (found.said, found.sentence) == ("ok", "none is there yet")
    assert not (tmp_path / "state").exists()


def test_a_renewal_that_fails_is_told_with_its_reason(hands: Hands, tmp_path: Path) -> None:
    store = FileStore(tmp_path / "state")
    kept = entry("shop.dev")
    keep_entry(store, kept)
    hands.set(kept.not_after - 20 * DAY)
    record = backoff.failed(
        backoff.Record(), IssueError("unauthorized", "nobody\nanswers."), {}, moments.now()
    )
    backoff.keep(store, "shop.dev", record)
    made = patient(tmp_path, '[routes]\n"shop.dev" = ":1"\n')
    (found,) = check_certificates(made)
    assert found.said == "look"
    assert "shop.dev was not renewed: " in found.sentence
    assert "porch certs check shop.dev" in found.sentence
    hands.set(kept.not_after - 2 * DAY)
    (found,) = check_certificates(made)
    assert (found.said, "nothing renews it" in found.sentence) == ("wrong", True)


def test_a_store_that_others_may_write_is_wrong(hands: Hands, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state").chmod(0o777)
    first, *_ = check_certificates(patient(tmp_path, '[routes]\n"a.localhost" = ":1"\n'))
    assert (first.said, "others may write" in first.sentence) == ("wrong", True)


def test_a_door_without_https_needs_none(hands: Hands, tmp_path: Path) -> None:
    file = tmp_path / "plain.toml"
    file.write_text('listen = ["127.0.0.1:0"]\n[routes]\n"*" = ":1"\n')
    loaded = load(file)
    made = Patient(config=file, loaded=loaded, built=examine(loaded, State()))
    (found,) = check_certificates(made)
    assert (found.said, found.sentence) == ("ok", "none is needed")
