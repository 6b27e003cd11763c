"""Findings and their states."""

from porch.certs.finding import Finding, fail, is_hindered, ok, warn


def test_a_finding_says_what_was_looked_at_and_how_it_is() -> None:
    assert ok("DNS", "a") == Finding("DNS", "ok", "a")
    assert warn("DNS", "a").state == "warn"
    assert fail("DNS", "a").state == "fail"


def test_only_a_failure_hinders() -> None:
    assert not is_hindered([])
    assert not is_hindered([ok("a", ""), warn("b", "")])
    assert is_hindered([ok("a", ""), fail("b", "")])
