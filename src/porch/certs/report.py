"""Reports: certificates and what was found about them, as text and for JSON.

Pure functions: no clock, no store, no terminal. Who calls them knows the time and prints.
"""

import shlex
import textwrap
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from porch.certs import moments
from porch.certs.entry import Source
from porch.certs.finding import Finding, is_hindered

__all__ = [
    "WARN_DAYS",
    "NameState",
    "certs_json",
    "certs_text",
    "check_json",
    "check_text",
    "expiry_warnings",
    "is_unattended",
]

DAY = 86400
WARN_DAYS = (14, 7, 3, 1)
"""Days before an end that nothing prevents at which somebody is told."""
OVERDUE = DAY
"""Seconds that a renewal without an error may be late: it is spread over some hours, and a door
may have been down."""
WIDTH = 100
"""Characters of a line of text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NameState:
    """A name and how its certificate is.

    issuer: in words, "" without a certificate. not_after: when it ends, None without one.
    renew_at: when its renewal is planned for, None if Porch does not renew it. last_error: why the
    last try failed, a sentence, "" if it did not. next_try: when it is tried again after that, or
    None. under_way: who gets one now, in words, "" for nobody. Times are seconds since 1970.
    """

    name: str
    source: Source
    issuer: str = ""
    not_after: float | None = None
    renew_at: float | None = None
    last_error: str = ""
    next_try: float | None = None
    under_way: str = ""


def certs_text(states: Sequence[NameState], now: float) -> str:
    """What `porch certs` prints: a table, those in trouble and those that end first on top."""
    if not states:
        return "no name has a certificate; a site with a public name and HTTPS gets one"
    head = ("name", "source", "issuer", "ends", "next renewal")
    ordered = _ordered(states)
    rows = [
        (each.name, each.source, each.issuer or "-", _ends(each, now), _renewal(each, now))
        for each in ordered
    ]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [_row(head, widths)]
    for state, row in zip(ordered, rows, strict=True):
        lines.append(_row(row, widths))
        if state.last_error:
            lines += _wrapped(f"failed: {_line(state.last_error)}", "  ")
        if state.under_way:
            lines += _wrapped(f"under way: {_line(state.under_way)}", "  ")
    return "\n".join(lines)


def certs_json(states: Sequence[NameState], now: float) -> dict[str, object]:
    """The same for a program. Times are RFC 3339 in UTC, or None; days are whole, rounded down."""
    return {
        "certificates": [
            {
                "name": each.name,
                "source": each.source,
                "issuer": each.issuer or None,
                "not_after": _iso(each.not_after),
                "days_left": None if each.not_after is None else int((each.not_after - now) // DAY),
                "renew_at": _iso(each.renew_at),
                "last_error": each.last_error or None,
                "next_try": _iso(each.next_try),
                "under_way": each.under_way or None,
                "will_be_renewed": not is_unattended(each, now),
            }
            for each in _ordered(states)
        ]
    }


def check_text(name: str, findings: Sequence[Finding], advice: str) -> str:
    """What `porch certs check NAME` prints: a finding a line, and at the end what to do."""
    width = max((len(each.what) for each in findings), default=0)
    lines = [name]
    for each in findings:
        lines += _wrapped(each.sentence, f"  {each.state:<4}  {each.what:<{width}}  ")
    return "\n".join([*lines, *_wrapped(advice, "")])


def check_json(name: str, findings: Sequence[Finding], advice: str) -> dict[str, object]:
    """The same for a program. ok: whether an order may be made."""
    return {
        "name": name,
        "ok": not is_hindered(findings),
        "findings": [
            {"what": each.what, "state": each.state, "sentence": each.sentence} for each in findings
        ],
        "advice": advice,
    }


def is_unattended(state: NameState, now: float) -> bool:
    """Whether its certificate will end as far as can be seen: nobody renews it, or nobody can."""
    if state.renew_at is None or state.last_error:
        return True
    if state.not_after is not None and state.renew_at >= state.not_after:
        return True
    return now - state.renew_at > OVERDUE


def expiry_warnings(
    states: Sequence[NameState], now: float, already_said: Collection[str]
) -> list[str]:
    """A sentence for each certificate that comes near its end with nothing that will renew it.

    At WARN_DAYS before it and once after it; whoever starts late hears the latest one only.
    already_said: all that was returned before; what is in it is not said again, and a new
    certificate has new sentences. Forget those no longer needed whenever you like: at worst one
    is said twice.
    """
    found = []
    for each in states:
        if each.not_after is None or not is_unattended(each, now):
            continue
        remaining = each.not_after - now
        days = min((day for day in WARN_DAYS if remaining <= day * DAY), default=None)
        if days is None:
            continue
        # Nothing in it may change from day to day, or it would be said each day.
        when = "has ended" if remaining <= 0 else f"ends within {days} day{'s' * (days > 1)}"
        sentence = (
            f"the certificate for {each.name} {when}, at {moments.words(each.not_after)}, and"
            f" {_way_out(each)}"
        )
        if sentence not in already_said:
            found.append(sentence)
    return found


def _way_out(state: NameState) -> str:
    if state.source == "files":
        return "nothing renews it: put a new one into its files"
    return (
        "its renewal has not succeeded: porch certs check"
        f" {shlex.quote(state.name)} tells what hinders it"
    )


def _ordered(states: Sequence[NameState]) -> list[NameState]:
    return sorted(states, key=lambda each: (not each.last_error, each.not_after or 0.0, each.name))


def _ends(state: NameState, now: float) -> str:
    if state.not_after is None:
        return "none yet"
    if state.not_after <= now:
        return f"{moments.span(now - state.not_after)} ago, {_date(state.not_after, now)}"
    return f"in {moments.span(state.not_after - now)}, {_date(state.not_after, now)}"


def _renewal(state: NameState, now: float) -> str:
    if state.last_error:
        if state.next_try is None:
            return "none: it failed"
        if state.next_try <= now:
            return "tried again now"
        return f"tried again in {moments.span(state.next_try - now)}, {_date(state.next_try, now)}"
    if state.renew_at is None:
        return "by hand" if state.source == "files" else "none"
    if state.renew_at <= now:
        return f"due since {_date(state.renew_at, now)}"
    return f"in {moments.span(state.renew_at - now)}, {_date(state.renew_at, now)}"


def _date(seconds: float, now: float) -> str:
    """With the time of day where that is what matters."""
    text = moments.words(seconds)
    return text if abs(seconds - now) < 2 * DAY else text.partition(" ")[0]


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(text.ljust(width) for text, width in zip(cells, widths, strict=True)).rstrip()


def _wrapped(text: str, before: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=before,
        subsequent_indent=" " * len(before),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _line(text: str) -> str:
    """Words that may be a stranger's (an authority's answer), on one line, for a terminal."""
    return "".join(each for each in " ".join(text.split()) if each.isprintable())


def _iso(seconds: float | None) -> str | None:
    return None if seconds is None else moments.text(moments.at(seconds))
