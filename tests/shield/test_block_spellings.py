"""What a path, a query and a body may be taken for."""

import contextlib
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.route.paths import readings
from porch.shield.block_spellings import DEPTH, TooDeep, queries, spellings, unescaped
from tests.support.block_tricks import TRICKS

WANTED = re.compile(rb"(?i)/\.env|/\.git|/wp-login\.php|/wp-admin|/phpmyadmin|\A/private(?:/|\Z)")


@pytest.mark.parametrize("path", [b"/", b"/api/users", b"/a.b/c.js", b"/a~b/!$&'()*+,=:@", b"*"])
def test_a_usual_path_has_one_spelling(path: bytes) -> None:
    assert spellings(path) == (path,)


def test_no_trick_is_read_in_no_other_way() -> None:
    missed = []
    for target in TRICKS:
        try:
            found = spellings(target.partition(b"?")[0])
        except TooDeep:
            continue
        if not any(WANTED.search(each) for each in found):
            missed.append(target)
    assert not missed


def test_what_is_encoded_too_often_is_refused() -> None:
    assert b"/.env" in spellings(b"/%" + b"25" * (DEPTH - 1) + b"2eenv")
    with pytest.raises(TooDeep):
        spellings(b"/%" + b"25" * DEPTH + b"2eenv")


@given(st.lists(st.sampled_from((b"/", b".", b"%2f", b"%2e", b";", b"a", b"\\", b"%"))))
def test_all_that_routes_read_is_among_them(pieces: list[bytes]) -> None:
    path = b"/" + b"".join(pieces)
    try:
        found = spellings(path)
    except TooDeep:
        return
    assert found[0] == path
    assert set(readings(path)) <= set(found)


@pytest.mark.parametrize(
    "piece", [b"/", b"%2f.", b"a. ", b"%25", b" ", b";", b"%c0", b"::$a", b"."]
)
def test_a_long_path_takes_no_long_time(piece: bytes) -> None:
    """Twice the length takes about twice the time, not four times; bounds are wide for a busy
    machine: what goes back and forth takes seconds here."""
    path = b"/" + piece * (16000 // len(piece)) + b"%"
    began = time.thread_time()
    with contextlib.suppress(TooDeep):
        spellings(path)
    assert time.thread_time() - began < 0.5


def test_queries_are_decoded_as_forms_are() -> None:
    assert queries(b"a=1") == (b"a=1",)
    assert b"a=union select" in queries(b"a=union+select")
    assert b"a=union select" in queries(b"a=%75nion%20select")
    assert b"a=../x" in queries(b"a=%252e%252e%252fx")
    assert len(queries(b"next=%2525252541")) == DEPTH + 2  # nobody is refused for it


def test_bodies_are_read_as_forms_and_json_are() -> None:
    assert unescaped(b'{"a": 1}') == (b'{"a": 1}',)
    assert b'"<script>"' in unescaped(b'"\\u003cscript\\u003E"')
    assert b"q=<script>" in unescaped(b"q=%3Cscript%3e")


def test_what_is_tangled_behind_an_encoding_is_refused() -> None:
    tangled = b"/x/..%252f%255c..%5c%3by/..%3b%252f%2f%2fa"
    with pytest.raises(TooDeep):
        spellings(tangled * 40)
