"""Files that are named, and who else may use the keys in them. What they hold: test_pairs.py."""

from pathlib import Path

import pytest

from porch.config.load import load_mapping
from porch.config.loaded import Loaded
from porch.config.review_files import review_file, review_rights
from porch.config.schema_retry import RetryModel


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    return Loaded(base=tmp_path)


def texts(loaded: Loaded) -> list[str]:
    return [each.text for each in loaded.problems]


def test_a_file_that_can_be_read_is_fine_and_so_is_none(loaded: Loaded, tmp_path: Path) -> None:
    (tmp_path / "a.pem").touch()
    assert review_file(loaded, "a.pem", ("a",))
    assert review_file(loaded, None, ("a",))
    assert texts(loaded) == []


def test_a_file_that_cannot_be_read_is_an_error(loaded: Loaded, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    assert not review_file(loaded, "gone", ("a",))
    assert not review_file(loaded, "folder", ("b",))
    assert texts(loaded) == [
        f"a: {tmp_path}/gone does not exist",
        f"b: {tmp_path}/folder cannot be read: Is a directory",
    ]
    assert not loaded.ok


@pytest.mark.parametrize(
    ("mode", "sentences"),
    [
        (0o400, []),
        (0o600, []),
        (0o640, []),  # a group of services, such as ssl-cert
        (0o440, []),
        (0o644, ["everybody on this machine can read {}: chmod o-r {}"]),
        (0o660, ["its group can write {}, and so put another in its place: chmod go-w {}"]),
        (
            0o666,
            [
                "everybody on this machine can read {}: chmod o-r {}",
                "everybody on this machine can write {}, and so put another in its place:"
                " chmod go-w {}",
            ],
        ),
    ],
)
def test_a_key_is_its_owners_and_at_most_a_group_reads_it(
    loaded: Loaded, tmp_path: Path, mode: int, sentences: list[str]
) -> None:
    key = tmp_path / "a.key"
    key.touch()
    key.chmod(mode)
    review_rights(loaded, key, ("key",))
    assert texts(loaded) == [f"key: {each.format(key, key)}" for each in sentences]
    assert loaded.ok


def test_a_key_is_looked_at_wherever_it_stands(tmp_path: Path) -> None:
    for name in ("a.crt", "a.key", "a.p12"):
        (tmp_path / name).write_bytes(b"hello")
        (tmp_path / name).chmod(0o660)
    pair = {"cert": f"{tmp_path}/a.crt", "key": f"{tmp_path}/a.key"}
    bundle = {"cert": f"{tmp_path}/a.p12"}
    for words, count in (
        ({"site": {"a.test": pair}}, 1),
        ({"site": {"a.test": bundle}}, 1),
        ({"certificates": str(tmp_path)}, 2),
        ({"tls": pair}, 1),
        ({"tls": bundle}, 1),
    ):
        found = load_mapping({"routes": {"a.test": ":1"}, **words})
        assert [each.text.count("can write") for each in found.problems] == [1] * count


@pytest.mark.parametrize(
    ("words", "where"),
    [
        ({"cert": "a.pem"}, "cert: 'key' is missing"),
        ({"key": "a.pem"}, "key: 'cert' is missing"),
        ({"cert": ["a.pem", "a.pem"], "key": "a.pem"}, "key: 2 certificates have 1 keys"),
        ({"cert": "a.p12", "key": "a.pem"}, "key: a PKCS #12 file has its key in it"),
        ({"cert": False, "key": "a.pem"}, "key: 'cert' is false beside it"),
        ({"cert": "a.pem", "key": "gone.pem"}, "key: gone.pem does not exist"),
        ({"cert": "a.pem", "key": "a.pem", "key_password": "${NOT_SET_HERE}"}, "key_password: the"),
    ],
)
def test_files_that_cannot_be_a_pair_are_out_of_the_site_that_names_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: dict[str, object], where: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.pem", "a.p12"):
        Path(name).touch(mode=0o600)
    found = load_mapping({"routes": {"a.test": ":1"}, "site": {"a.test": {"retry": 1, **words}}})
    (problem,) = found.problems
    assert problem.text.startswith(f'site."a.test".{where}')
    site = found.sites["a.test"]
    assert (site.cert, site.key, site.retry) == (None, None, RetryModel(attempts=1))
