"""Entries: dumped and loaded, and what is none."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.certs.entry import Entry

SOURCE = Path(__file__).parent.parent.parent / "src"

ENTRY = Entry(
    names=("example.com", "*.example.com"),
    chain=b"-----BEGIN CERTIFICATE-----\nchain\n-----END CERTIFICATE-----\n",
    key=b"-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n",
    source="acme",
    issuer="Let's Encrypt E5",
    directory="https://acme.test/directory",
    obtained=1_800_000_000,
    not_before=1_799_996_400,
    not_after=1_807_776_000,
    extras={"ari": "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE", "profile": None, "n": [1, {"a": 2.5}]},
)


def changed(**words: object) -> bytes:
    return json.dumps(json.loads(ENTRY.dump()) | words).encode()


def test_what_is_dumped_is_loaded() -> None:
    assert Entry.load(ENTRY.dump()) == ENTRY


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(
    st.lists(st.text(), min_size=1).map(tuple),
    st.text(st.characters(codec="ascii")).map(str.encode),
    st.text(),
    st.integers(),
    st.dictionaries(st.text(), JSON),
)
def test_any_is_loaded_as_it_was(
    names: tuple[str, ...], pem: bytes, text: str, number: int, extras: dict[str, object]
) -> None:
    entry = replace(
        ENTRY, names=names, chain=pem, key=pem, issuer=text, not_after=number, extras=extras
    )
    assert Entry.load(entry.dump()) == entry


def test_the_key_is_never_shown() -> None:
    assert "secret" not in repr(ENTRY)
    assert "example.com" in repr(ENTRY)


def test_it_can_be_told_apart_and_kept_in_a_set() -> None:
    assert len({ENTRY, Entry.load(ENTRY.dump()), replace(ENTRY, key=b"other")}) == 2


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"null", b"{}", b'{"version": "1"}', b"\xff", b"[" * 100_000]
)
def test_what_is_none_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="no certificate of Porch; remove it"):
        Entry.load(data)


def test_one_of_a_newer_porch_is_refused_and_words_it_adds_are_not() -> None:
    assert Entry.load(changed(more="words")) == ENTRY
    with pytest.raises(ValueError, match=r"newer Porch \(form 2, this one knows 1\); upgrade"):
        Entry.load(changed(version=2))


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("names", []),
        ("names", "example.com"),
        ("names", [1]),
        ("chain", None),
        ("key", 1),
        ("source", "elsewhere"),
        ("issuer", []),
        ("directory", None),
        ("obtained", "now"),
        ("not_before", True),
        ("not_after", 1.5),
        ("extras", []),
    ],
)
def test_a_wrong_word_is_named(word: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"whose '{word}' is missing or wrong"):
        Entry.load(changed(**{word: value}))


def test_store_and_entry_come_without_cryptography() -> None:
    """For commands that only look: it takes 30 ms to import."""
    code = "import sys, porch.certs.store, porch.certs.entry, porch.certs.names;"
    command = [sys.executable, "-c", f"{code} sys.exit('cryptography' in sys.modules)"]
    assert subprocess.run(command, env={"PYTHONPATH": str(SOURCE)}, check=False).returncode == 0
