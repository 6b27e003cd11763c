"""What is offered, to whom, and how it is refused."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from porch.manage.admin.offer import RANKS, Caller, json_answer, refusal


@pytest.mark.parametrize("role", RANKS)
def test_who_may_more_may_less_too(role: Any) -> None:
    caller = Caller("ann", "token", role)
    assert [caller.may(each) for each in RANKS] == [RANKS[role] >= rank for rank in RANKS.values()]


def test_an_answer_is_ascii_so_that_no_reader_takes_it_for_something_else() -> None:
    answer = json_answer(200, {"x": "\u2028<é>"})
    assert answer.body.isascii()
    assert json.loads(answer.body) == {"x": "\u2028<é>"}
    assert answer.fields == [(b"content-type", b"application/json")]


def test_a_refusal_is_json_for_programs_and_text_for_people() -> None:
    for target, kind in ((b"/v1/x", b"application/json"), (b"/x", b"text/plain; charset=utf-8")):
        exchange: Any = SimpleNamespace(request=SimpleNamespace(target=target))
        answer = refusal(exchange, 403, "not you", [(b"allow", b"GET")])
        assert answer.status == 403
        assert answer.fields == [(b"content-type", kind), (b"allow", b"GET")]
        assert b"not you" in answer.body
