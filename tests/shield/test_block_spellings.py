"""What a path, a query and a body may be taken for by rules that keep requests away."""

import pytest

from porch.route.spellings import DEPTH
from porch.shield.block_spellings import TooDeep, queries, spellings, unescaped


def test_a_path_that_is_too_tangled_is_refused() -> None:
    assert b"/.env" in spellings(b"/%252eenv")
    with pytest.raises(TooDeep):
        spellings(b"/%" + b"25" * DEPTH + b"2eenv")


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
    assert b"q=<script>" in unescaped(b"q=%253Cscript%253e")
