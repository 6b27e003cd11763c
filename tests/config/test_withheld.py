"""What of a configuration no worker has."""

import hashlib
import pickle
from pathlib import Path

import pytest

from porch.config.difference import NOTHING, difference
from porch.config.handover import pack, unpack
from porch.config.load import load
from porch.config.loaded import Loaded
from porch.config.snapshot import Snapshot
from porch.config.steps import complete
from porch.config.withheld import as_digest, digested, withheld
from porch.manage.candidate import Candidate
from tests.support.handshake import files

ANN, BOB, EVE = (f"{name}-" + name * 8 for name in ("ann", "bob", "eve"))


def written(folder: Path, more: str = "") -> Path:
    """Tokens in a file, in the environment, and as a digest; a certificate of the door's own."""
    files(folder, "admin.test")
    (folder / "ann").write_text(f"{ANN}\n")
    tokens = f'ann = "file:ann", bob = "${{BOB}}", eve = "{as_digest(EVE)}"'
    file = folder / "porch.toml"
    file.write_text(
        f'listen = ":80"\nlog = false\n[admin]\nlisten = "127.0.0.1:0"\ntokens = {{ {tokens} }}\n'
        'cert = "admin.test.ECDSA.pem"\nkey = "admin.test.ECDSA.key"\n[routes]\n"a.test" = ":1"\n'
        + more
    )
    return file


@pytest.fixture(autouse=True)
def _environ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOB", BOB)


def examined(file: Path) -> Candidate:
    loaded = load(file)
    candidate = Candidate.examine(loaded)
    assert candidate is not None, loaded.report()
    return candidate


def said(loaded: Loaded) -> bytes:
    """All that it holds."""
    return pickle.dumps(
        (loaded.config, loaded.sites, loaded.contents, loaded.secrets, pack(loaded))
    )


def secrets_of(folder: Path) -> list[bytes]:
    key = next(each for each in folder.iterdir() if each.suffix == ".key")
    return [ANN.encode(), BOB.encode(), key.read_bytes().splitlines()[1]]


def test_a_worker_is_handed_no_token_no_digest_and_no_key_of_the_admin_door(
    tmp_path: Path,
) -> None:
    loaded = examined(written(tmp_path)).loaded
    forked = withheld(loaded)
    told = complete(unpack(pack(loaded)))
    digests = [hashlib.sha256(each.encode()).hexdigest().encode() for each in (ANN, BOB, EVE)]
    for worker in (forked, told):
        assert worker.config.admin is None
        for secret in [*secrets_of(tmp_path), *digests]:
            assert secret not in said(worker)
    assert loaded.config.admin is not None, "the supervisor has it still"


def test_what_it_is_forked_from_has_digests_of_tokens_alone(tmp_path: Path) -> None:
    candidate = examined(written(tmp_path))
    for secret in (ANN, BOB):
        assert secret.encode() not in said(candidate.loaded)
    assert candidate.admin is not None
    keys = {each.name: each.digest for each in candidate.admin.keys}
    for name, token in (("ann", ANN), ("bob", BOB), ("eve", EVE)):
        assert keys[name] == hashlib.sha256(token.encode()).digest()


def test_a_configuration_that_is_the_same_still_is(tmp_path: Path) -> None:
    file = written(tmp_path)
    one, two = examined(file), examined(file)
    assert difference(one.loaded, two.loaded) == [NOTHING]
    assert Snapshot.of(one.loaded).hash == Snapshot.of(two.loaded).hash
    (tmp_path / "ann").write_text(EVE)
    (line,) = difference(one.loaded, examined(file).loaded)
    assert line == "the secret of admin.tokens changes"


def test_a_token_that_was_replaced_does_not_come_back_with_an_old_configuration(
    tmp_path: Path,
) -> None:
    file = written(tmp_path)
    kept = Snapshot.of(examined(file).loaded)
    assert ANN.encode() not in pickle.dumps(kept.contents)
    (tmp_path / "ann").write_text(EVE)
    assert names(kept)["ann"] == as_digest(EVE)
    (tmp_path / "ann").unlink()
    assert names(kept)["ann"] == as_digest(ANN)


def names(kept: Snapshot) -> dict[str, str]:
    loaded = kept.load()
    assert loaded.ok, loaded.report()
    admin = loaded.config.admin
    assert admin is not None
    return {name: as_digest(each.token) for name, each in admin.tokens.items()}


def test_what_sites_have_too_is_theirs(tmp_path: Path) -> None:
    site = '[site."admin.test"]\ncert = "admin.test.ECDSA.pem"\nkey = "admin.test.ECDSA.key"\n'
    loaded = examined(written(tmp_path, site)).loaded
    assert secrets_of(tmp_path)[2] in said(withheld(loaded))


def test_a_file_that_is_another_secret_too_stays_as_it_is(tmp_path: Path) -> None:
    headers = '[site."a.test".headers.request]\nauthorization = "file:ann"\n'
    loaded = examined(written(tmp_path, headers)).loaded
    assert loaded.contents[tmp_path / "ann"] == f"{ANN}\n".encode()
    again = Snapshot.of(loaded).load()
    assert again.ok, again.report()
    assert ANN in str(again.sites["a.test"].headers)


def test_without_an_admin_door_nothing_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "porch.toml"
    file.write_text('listen = ":80"\n[routes]\n"a.test" = ":1"\n')
    loaded = load(file)
    digested(loaded)
    assert withheld(loaded).contents == loaded.contents
