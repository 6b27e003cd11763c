"""Authorities by name, by URL, and in a store."""

from pathlib import Path

import pytest

from porch.certs.authority import PRESETS, Authority, authority


@pytest.mark.parametrize("name", PRESETS)
def test_a_known_one_is_named_by_one_word(name: str) -> None:
    found = authority(name)
    assert found.directory.startswith("https://")
    assert found is PRESETS[name]


def test_any_other_is_named_by_its_url() -> None:
    assert authority("https://ca.example/acme").directory == "https://ca.example/acme"
    assert authority("http://localhost:8080/dir").host == "localhost"


@pytest.mark.parametrize("name", ["", "letsencrpyt", "http://ca.example/acme", "https://", "a.pem"])
def test_what_is_neither_is_refused_with_the_known_names(name: str) -> None:
    with pytest.raises(ValueError, match="letsencrypt, letsencrypt-staging, zerossl"):
        authority(name)


def test_a_rehearsal_is_the_same_at_another_place() -> None:
    one = Authority(
        directory="https://ca.example/real",
        staging="https://ca.example/test",
        email="a@b.example",
        eab=("id", "hmac"),
        ca=Path("ca.pem"),
        profile="shortlived",
        issuer="Root X",
    )
    rehearsal = one.rehearsal()
    assert rehearsal is not None
    assert rehearsal.directory == "https://ca.example/test"
    assert (rehearsal.email, rehearsal.ca, rehearsal.profile) == (one.email, one.ca, one.profile)
    assert rehearsal.eab is None
    assert rehearsal.issuer == ""
    assert rehearsal.rehearsal() is None


def test_its_label_is_one_word_and_differs_for_each_directory() -> None:
    first = Authority(directory="https://ca.example:14000/a")
    second = Authority(directory="https://ca.example:14000/b")
    assert first.label.startswith("ca.example-")
    assert first.label != second.label
    assert ":" not in Authority(directory="https://[::1]:14000/a").label


def test_it_is_shown_without_its_secret() -> None:
    assert "hmac" not in repr(Authority(directory="https://ca.example", eab=("id", "hmac")))
