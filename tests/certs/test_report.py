"""What `porch certs` and `porch certs check` print, and what is said before a certificate ends."""

import json

import pytest

from porch.certs.finding import fail, ok, warn
from porch.certs.report import (
    WARN_DAYS,
    WIDTH,
    NameState,
    certs_json,
    certs_text,
    check_json,
    check_text,
    expiry_warnings,
    is_unattended,
)

NOW = 1_772_366_400.0  # 2026-03-01 12:00 UTC
HOUR = 3600
DAY = 86400


def state(name: str = "www.example.com", **more: object) -> NameState:
    wanted: dict[str, object] = {
        "source": "acme",
        "issuer": "Let's Encrypt R12",
        "not_after": NOW + 41 * DAY,
        "renew_at": NOW + 11 * DAY,
    }
    return NameState(name=name, **wanted | more)  # type: ignore[arg-type]


def by_hand(days: float) -> NameState:
    return state(source="files", renew_at=None, not_after=NOW + days * DAY)


def test_the_table_has_a_line_for_each_name_with_what_it_has_and_what_comes_next() -> None:
    mine = state("b.test", source="local", issuer="Porch")
    hers = state("a.test", source="files", issuer="R12", not_after=NOW + 3 * DAY, renew_at=None)
    assert certs_text([state("c.example.com", issuer="R12"), mine, hers], NOW).splitlines() == [
        "name           source  issuer  ends                    next renewal",
        "a.test         files   R12     in 3 days, 2026-03-04   by hand",
        "b.test         local   Porch   in 41 days, 2026-04-11  in 11 days, 2026-03-12",
        "c.example.com  acme    R12     in 41 days, 2026-04-11  in 11 days, 2026-03-12",
    ]


def test_a_failure_comes_first_and_says_in_words_what_failed_and_when_it_is_tried_again() -> None:
    failed = state("z.test", last_error="port 80 refuses\nconnections\x1b[31m", next_try=NOW + 5400)
    lines = certs_text([state(), failed], NOW).splitlines()
    assert lines[1].startswith("z.test ")
    assert lines[1].endswith("tried again in 1 hour, 2026-03-01 13:30 UTC")
    assert lines[2] == "  failed: port 80 refuses connections[31m"


def test_a_long_failure_is_wrapped() -> None:
    lines = certs_text([state(last_error="word " * 50)], NOW).splitlines()
    assert len(lines) > 3
    assert all(len(line) <= WIDTH for line in lines[2:])
    assert all(line.startswith("  ") for line in lines[2:])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"not_after": None, "issuer": ""}, "-       none yet"),
        ({"not_after": NOW + 5 * HOUR}, "in 5 hours, 2026-03-01 17:00 UTC"),
        ({"not_after": NOW - 3 * DAY}, "3 days ago, 2026-02-26"),
        ({"renew_at": NOW - HOUR}, "due since 2026-03-01 11:00 UTC"),
        ({"renew_at": None}, "  none"),
        ({"last_error": "x"}, "none: it failed"),
        ({"last_error": "x", "next_try": NOW - 1}, "tried again now"),
    ],
)
def test_each_cell_says_how_it_is(changes: dict[str, object], words: str) -> None:
    assert words in certs_text([state(**changes)], NOW).splitlines()[1]


def test_without_certificates_it_is_said_how_one_comes() -> None:
    assert certs_text([], NOW) == (
        "no name has a certificate; a site with a public name and HTTPS gets one"
    )


def test_a_program_gets_times_and_whole_days() -> None:
    found = certs_json([state(), state("a.test", not_after=None, issuer="", renew_at=None)], NOW)
    assert json.loads(json.dumps(found)) == {
        "certificates": [
            {
                "name": "a.test",
                "source": "acme",
                "issuer": None,
                "not_after": None,
                "days_left": None,
                "renew_at": None,
                "last_error": None,
                "next_try": None,
                "under_way": None,
                "will_be_renewed": False,
            },
            {
                "name": "www.example.com",
                "source": "acme",
                "issuer": "Let's Encrypt R12",
                "not_after": "2026-04-11T12:00:00Z",
                "days_left": 41,
                "renew_at": "2026-03-12T12:00:00Z",
                "last_error": None,
                "next_try": None,
                "under_way": None,
                "will_be_renewed": True,
            },
        ]
    }


def test_who_is_about_one_is_told_below_its_line() -> None:
    text = certs_text([state(under_way="process 7 on door1 gets one")], NOW)
    assert text.splitlines()[-1] == "  under way: process 7 on door1 gets one"


def test_days_left_are_negative_after_the_end() -> None:
    found = certs_json([state(not_after=NOW - 1)], NOW)["certificates"]
    assert isinstance(found, list)
    assert found[0]["days_left"] == -1


FINDINGS = (ok("name", "fine"), warn("DNS", "hm " * 40), fail("port 80", "refused"))


def test_a_check_has_a_line_for_each_finding_and_ends_with_what_to_do() -> None:
    lines = check_text("a.example.com", FINDINGS, "Start Porch").splitlines()
    assert lines[0] == "a.example.com"
    assert lines[1] == "  ok    name     fine"
    assert lines[2].startswith("  warn  DNS      hm hm")
    assert lines[3].startswith("                 hm hm")
    assert lines[-2] == "  fail  port 80  refused"
    assert lines[-1] == "Start Porch"
    assert all(len(line) <= WIDTH for line in lines)


def test_a_check_without_findings_is_its_advice() -> None:
    assert check_text("a.example.com", [], "Start Porch") == "a.example.com\nStart Porch"


def test_a_check_for_a_program_says_whether_an_order_may_be_made() -> None:
    found = check_json("a.example.com", FINDINGS, "Start Porch")
    assert json.loads(json.dumps(found)) == found
    assert found["ok"] is False
    assert found["advice"] == "Start Porch"
    assert check_json("a", FINDINGS[:2], "")["ok"] is True
    assert check_json("a", FINDINGS[:1], "")["findings"] == [
        {"what": "name", "state": "ok", "sentence": "fine"}
    ]


@pytest.mark.parametrize(
    ("found", "is_it"),
    [
        (state(), False),
        (by_hand(30), True),
        (state(last_error="x", next_try=NOW + HOUR), True),
        (state(renew_at=NOW + 41 * DAY), True),
        (state(renew_at=NOW - HOUR), False),
        (state(renew_at=NOW - 2 * DAY), True),
    ],
)
def test_what_nobody_renews_or_can_renew_is_unattended(found: NameState, is_it: bool) -> None:
    assert is_unattended(found, NOW) is is_it


def test_what_ends_with_nobody_to_renew_it_is_said_at_each_mark_once() -> None:
    found, said = by_hand(30), list[str]()
    heard: list[tuple[int, str]] = []
    for hour in range(0, 32 * 24, 6):
        for sentence in expiry_warnings([found], NOW + hour * HOUR, said):
            said.append(sentence)
            heard.append((hour // 24, sentence))
    assert [day for day, _ in heard] == [16, 23, 27, 29, 30]
    assert [sentence.partition(",")[0] for _, sentence in heard] == [
        *(
            f"the certificate for www.example.com ends within {days}"
            for days in ("14 days", "7 days", "3 days", "1 day")
        ),
        "the certificate for www.example.com has ended",
    ]
    assert heard[0][1].endswith(
        ", at 2026-03-31 12:00 UTC, and nothing renews it: put a new one into its files"
    )


def test_who_starts_late_hears_the_latest_mark_only() -> None:
    found = expiry_warnings([by_hand(2)], NOW, ())
    assert len(found) == 1
    assert "ends within 3 days" in found[0]


def test_a_renewal_that_fails_is_said_with_the_command_that_tells_why() -> None:
    found = expiry_warnings(
        [state("*.a.test", not_after=NOW + 5 * DAY, renew_at=NOW - 25 * DAY, last_error="x")],
        NOW,
        (),
    )
    assert found == [
        "the certificate for *.a.test ends within 7 days, at 2026-03-06 12:00 UTC, and its renewal"
        " has not succeeded: porch certs check '*.a.test' tells what hinders it"
    ]


def test_another_error_is_no_reason_to_say_it_again() -> None:
    near = {"not_after": NOW + 5 * DAY, "renew_at": NOW - 25 * DAY}
    said = expiry_warnings([state(**near, last_error="x")], NOW, ())
    assert expiry_warnings([state(**near, last_error="y")], NOW + DAY, said) == []
    assert expiry_warnings([state(**near)], NOW + DAY, said) == []


def test_a_new_certificate_is_warned_of_anew() -> None:
    said = expiry_warnings([by_hand(2)], NOW, ())
    assert len(expiry_warnings([by_hand(2.5)], NOW, said)) == 1


def test_nothing_is_said_of_what_will_be_renewed_or_is_not_there_or_ends_late() -> None:
    soon = state(not_after=NOW + 2 * DAY, renew_at=NOW + DAY)
    missing = state(not_after=None, last_error="x")
    assert expiry_warnings([soon, missing, by_hand(WARN_DAYS[0] + 1)], NOW, ()) == []
