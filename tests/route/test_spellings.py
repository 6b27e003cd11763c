"""What a path may be taken for."""

import contextlib
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.route.paths import TooManyReadings, readings
from porch.route.spellings import DEPTH, spellings
from tests.support.block_tricks import TRICKS

WANTED = re.compile(rb"(?i)/\.env|/\.git|/wp-login\.php|/wp-admin|/phpmyadmin|\A/private(?:/|\Z)")


@pytest.mark.parametrize("path", [b"/", b"/api/users", b"/a.b/c.js", b"/a~b/!$&'()*+,=:@", b"*"])
def test_a_usual_path_has_one_spelling(path: bytes) -> None:
    assert spellings(path) == (path,)


@pytest.mark.parametrize(
    "path",
    [
        *(b"/%2561dm/x", b"/adm./x", b"/adm%2e/x", b"/adm%20/x", b"/adm.%20./x", b"/%c1%a1dm/x"),
        *(b"/x/%c0%ae%c0%ae/adm/x", b"/x/%252e%252e/adm/x", b"/%u0061dm/x", b"/x/..%20/adm/x"),
        *(b"/adm%e2%80%8b/x", b"/a%c2%addm/x", b"/%ef%bd%81dm/x", b"/%f0%9d%90%9adm/x"),
        *(b"/adm::$DATA/x", b"/adm:$i30:$INDEX_ALLOCATION/x", b"/adm%3a%3a$DATA/x"),
        *(b"/%2e//x/adm/x", b"/..;//x/adm/x", b"/.;//x/adm/x", b"/a/%2e%2e//x/adm/x"),
        *(b"/a\\..\\/x/adm/x", b"/%252e//x/adm/x", b"/%U0061dm/x", b"/x/%U002e%U002e/adm/x"),
        *(b"/%f8%80%80%81%a1dm/x", b"/%fc%80%80%80%81%a1dm/x", b"/x/..%f8%80%80%80%afadm/x"),
        *(b"/x/..%c0%2fadm/x", b"/adm+/x", b"/x/..+/adm/x", b"/ad%cd%8fm/x"),
        *(b"/x/..%e2%88%95adm/x", b"/x/..%e2%81%84adm/x", b"/x/..%e2%88%96adm/x"),
        *(b"//127.0.0.1/adm/x", b"///a.test/adm/x", b"/\\a.test/adm/x", b"//a.test%2fadm/x"),
    ],
)
def test_what_some_origin_takes_for_another_path_is_seen(path: bytes) -> None:
    assert b"/adm/x" in spellings(path)


def test_no_trick_is_read_in_no_other_way() -> None:
    missed = []
    for target in TRICKS:
        try:
            found = spellings(target.partition(b"?")[0])
        except TooManyReadings:
            continue
        if not any(WANTED.search(each) for each in found):
            missed.append(target)
    assert not missed


def test_what_is_encoded_too_often_is_refused() -> None:
    assert b"/.env" in spellings(b"/%" + b"25" * (DEPTH - 1) + b"2eenv")
    with pytest.raises(TooManyReadings):
        spellings(b"/%" + b"25" * DEPTH + b"2eenv")


@given(st.lists(st.sampled_from((b"/", b".", b"%2f", b"%2e", b";", b"a", b"\\", b"%"))))
def test_all_that_routes_read_is_among_them(pieces: list[bytes]) -> None:
    path = b"/" + b"".join(pieces)
    try:
        found = spellings(path)
    except TooManyReadings:
        return
    assert found[0] == path
    assert set(readings(path)) <= set(found)


@pytest.mark.parametrize(
    "piece",
    [b"/", b"%2f.", b"a. ", b"%25", b" ", b";", b"%c0", b"::$a", b".", b":$", b"//", b"%e2%80%8b"],
)
def test_a_long_path_takes_no_long_time(piece: bytes) -> None:
    """Twice the length takes about twice the time, not four times; bounds are wide for a busy
    machine: what goes back and forth takes seconds here."""
    path = b"/" + piece * (16000 // len(piece)) + b"%"
    began = time.thread_time()
    with contextlib.suppress(TooManyReadings):
        spellings(path)
    assert time.thread_time() - began < 0.5


@pytest.mark.parametrize(
    "piece", [b"//:$x%25252e.", b"/.%2F%c0%ae%5C", b"/%2F##%ef%bc%8f.%252F:$x"]
)
def test_a_long_path_that_is_tangled_is_refused_before_it_has_cost_much(piece: bytes) -> None:
    """300 ms where only the number of spellings is bounded, 5 where their bytes are."""
    began = time.thread_time()
    with pytest.raises(TooManyReadings):
        spellings(piece * (8000 // len(piece)))
    assert time.thread_time() - began < 0.1


def test_a_long_path_of_few_spellings_is_read() -> None:
    assert len(spellings(b"/to/https%3A%2F%2Fa.test%2F" + b"path%2F" * 1000)) == 5


def test_what_is_tangled_behind_an_encoding_is_refused() -> None:
    tangled = b"/x/..%252f%255c..%5c%3by/..%3b%252f%2f%2fa"
    with pytest.raises(TooManyReadings):
        spellings(tangled * 40)
