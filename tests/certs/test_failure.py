"""What an authority said, in words for an operator."""

from datetime import UTC, datetime, timedelta

import pytest
from acme import messages

from porch import clock
from porch.certs import moments
from porch.certs.failure import IssueError, code_of, explain, plain

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "wall", NOON.timestamp)


def problem(code: str, detail: str, **more: object) -> messages.Error:
    said = {"type": f"urn:ietf:params:acme:error:{code}", "detail": detail} | more
    found: messages.Error = messages.Error.from_json(said)
    return found


@pytest.mark.parametrize(
    ("code", "detail", "challenge", "kind", "sentence"),
    [
        (
            "connection",
            "192.0.2.7: Fetching http://shop.example/.well-known/x: Connection refused",
            "http-01",
            "connection",
            "the CA could not connect to shop.example port 80 (Connection refused): open port 80 "
            "to the internet, or point its A and AAAA records here",
        ),
        ("tls", "remote error: no TLS", "tls-alpn-01", "connection", "shop.example port 443"),
        ("dns", "NXDOMAIN", "http-01", "dns", "give shop.example an A or AAAA record"),
        ("dns", "SERVFAIL", "dns-01", "dns", "public name servers"),
        ("unauthorized", "404", "http-01", "unauthorized", "http://shop.example/ ends at this"),
        ("incorrectResponse", "x", "tls-alpn-01", "unauthorized", "port 443 of shop.example ends"),
        ("unauthorized", "no record", "dns-01", "unauthorized", "the TXT record is published"),
        ("unauthorized", "deactivated", "", "account", "the CA refuses the account"),
        ("caa", "CAA record prevents", "http-01", "caa", "add the CA to the record"),
        ("externalAccountRequired", "need", "", "account", "HMAC key (eab)"),
        ("invalidContact", "no", "", "account", "an email address that exists"),
        ("accountDoesNotExist", "unknown", "", "account", "registered again by itself"),
        ("userActionRequired", "new terms", "", "account", "choose another CA"),
        ("badCSR", "weak", "", "malformed", "refuses the order for shop.example (weak)"),
        ("rejectedIdentifier", "policy", "", "malformed", "name a host that is public"),
        ("invalidProfile", "unknown", "", "malformed", "a profile that its directory lists"),
        ("serverInternal", "oops", "", "network", "trouble of its own (oops)"),
        ("somethingNew", "oops", "", "network", "trouble of its own (oops)"),
    ],
)
def test_each_problem_has_a_kind_and_a_way_out(
    code: str, detail: str, challenge: str, kind: str, sentence: str
) -> None:
    error = explain(problem(code, detail), name="shop.example", challenge=challenge)
    assert error.kind == kind
    assert sentence in str(error)
    assert error.code == code


@pytest.mark.parametrize(
    ("code", "another"),
    [
        ("connection", False),
        ("dns", False),
        ("unauthorized", False),
        ("malformed", False),
        ("caa", True),
        ("rateLimited", True),
        ("serverInternal", True),
        ("rejectedIdentifier", True),
        ("invalidProfile", True),
    ],
)
def test_another_authority_is_worth_a_try_where_this_one_is_the_reason(
    code: str, another: bool
) -> None:
    assert explain(problem(code, "x"), challenge="http-01").another is another


def test_a_record_that_the_operator_has_to_add_is_told_in_full() -> None:
    error = explain(problem("unauthorized", "none"), challenge="dns-persist-01", record='a TXT "b"')
    assert str(error).endswith('; the record is a TXT "b"')


def test_a_limit_ends_when_retry_after_says() -> None:
    wait = NOON + timedelta(hours=3)
    error = explain(problem("rateLimited", "too many"), wait=wait)
    assert error.retry_after == wait
    assert "tried again after 2026-03-01T15:00:00Z" in str(error)


def test_a_limit_may_say_its_end_in_words_only() -> None:
    error = explain(problem("rateLimited", "too many: retry after 2026-03-02 01:02:03 UTC: see x"))
    assert error.retry_after == datetime(2026, 3, 2, 1, 2, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("words", "wait"),
    [
        ("too many", timedelta(hours=1)),
        ("retry after 2026-99-99 01:02:03 UTC", timedelta(hours=1)),
        ("retry after 2999-01-01 01:02:03 UTC", moments.LATEST),
    ],
)
def test_a_limit_without_an_end_or_with_a_silly_one_is_bounded(words: str, wait: timedelta) -> None:
    assert explain(problem("rateLimited", words)).retry_after == NOON + wait


def test_a_problem_of_many_is_told_by_its_first_part() -> None:
    inner = {
        "type": "urn:ietf:params:acme:error:rejectedIdentifier",
        "detail": "forbidden",
        "identifier": {"type": "dns", "value": "bad.example"},
    }
    error = explain(problem("malformed", "several", subproblems=[inner]))
    assert (error.code, error.name) == ("rejectedIdentifier", "bad.example")
    assert "order for bad.example (forbidden)" in str(error)


def test_words_of_a_stranger_are_one_bounded_printable_line() -> None:
    assert plain("a\n b\x1b[31m") == "a b?[31m"
    assert len(plain("x" * 5000)) == 300
    assert "\x1b" not in str(explain(problem("dns", "\x1b[2J"), challenge="http-01"))


def test_a_problem_without_words_is_told_by_its_code() -> None:
    bare = messages.Error.from_json({"type": "urn:ietf:params:acme:error:caa"})
    assert "(caa)" in str(explain(bare, name="a.example"))
    assert code_of(bare) == "caa"


def test_an_error_says_by_its_kind_whether_another_authority_may_do_better() -> None:
    assert IssueError("network", "x").another
    assert not IssueError("dns", "x").another
    assert not IssueError("network", "x", another=False).another
