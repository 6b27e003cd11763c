"""When a canary is taken back by itself."""

import pytest

from porch.balance.abort import LEAST, AbortRule, Judge, parse_abort

RULE = AbortRule(text="errors > 5% for 30s", share=0.05, seconds=30)


@pytest.mark.parametrize(
    ("text", "share", "seconds"),
    [
        ("errors > 5% for 30s", 0.05, 30),
        ("errors>0.5% for 2m", 0.005, 120),
        ("errors > 0% for 1h", 0.0, 3600),
    ],
)
def test_a_rule_is_a_share_and_a_time(text: str, share: float, seconds: float) -> None:
    rule = parse_abort(text)
    assert (rule.share, rule.seconds, rule.text) == (share, seconds, text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "errors > 5% for 30s"),
        ("5%", "errors > 5% for 30s"),
        ("errors > 5 for 30s", "errors > 5% for 30s"),
        ("errors > 5% for 30", "errors > 5% for 30s"),
        ("errors < 5% for 30s", "errors > 5% for 30s"),
        ("errors > -5% for 30s", "errors > 5% for 30s"),
        ("latency > 5% for 30s", "errors > 5% for 30s"),
        ("errors > 100% for 30s", "write less"),
        ("errors > 5% for 0.5s", "from 1s to 1h"),
        ("errors > 5% for 2h", "from 1s to 1h"),
        ("errors > 5% for 30s\n", "errors > 5% for 30s"),
    ],
)
def test_what_is_no_rule_is_told_how_one_looks(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_abort(text)


def test_it_is_taken_back_when_its_share_is_over_the_rule_for_the_whole_window() -> None:
    judge = Judge(RULE)
    assert judge.look(0, 0, 0) == ""
    assert judge.look(29, 1000, 1000) == "", "not looked at for 30 s yet"
    assert judge.look(30, 1000, 51) == "5.1% of 1000 requests failed in 30 s (errors > 5% for 30s)"


def test_just_as_many_as_the_rule_lets_are_all_right() -> None:
    judge = Judge(RULE)
    judge.look(0, 0, 0)
    assert judge.look(30, 1000, 50) == ""


def test_few_requests_tell_nothing() -> None:
    judge = Judge(RULE)
    judge.look(0, 0, 0)
    assert judge.look(30, LEAST - 1, LEAST - 1) == ""
    assert judge.look(30, LEAST, LEAST) != ""


def test_what_is_older_than_the_window_counts_no_more() -> None:
    judge = Judge(RULE)
    judge.look(0, 0, 0)
    judge.look(10, 1000, 50)
    for second in range(20, 120, 10):
        assert judge.look(second, 1000 + second * 10, 50) == ""
    assert judge.look(120, 3000, 500) != ""


def test_trouble_after_a_quiet_time_is_seen_at_once() -> None:
    judge = Judge(RULE)
    for second in range(100):
        assert judge.look(second, second * 10, 0) == ""
    assert judge.look(100, 1100, 100) != ""


def test_counts_that_begin_anew_are_no_errors() -> None:
    judge = Judge(RULE)
    judge.look(0, 5000, 100)
    assert judge.look(40, 100, 90) == ""
    assert judge.look(70, 200, 91) == ""
