"""Renewal: when a certificate is renewed. Pure functions over times, and one question.

The authority may suggest a window (ARI, RFC 9773); else a third of the lifetime is left over, half
of a short one. The moment inside a window follows from the certificate, so that it is random over
all of them, the same in every process, and stays when it is asked for again.
"""

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from acme import messages
from cryptography import x509

from porch.certs import moments
from porch.certs.identifiers import stored
from porch.certs.needs import Held, Store
from porch.certs.network import Conversation
from porch.certs.notes import read_note, write_note

__all__ = [
    "Suggestion",
    "ask",
    "ask_at",
    "certificate_id",
    "keep",
    "kept",
    "kept_for",
    "renew_at",
    "renewal_time",
    "span",
    "unanswered",
]

SHORT = timedelta(days=10)
"""Lifetimes below are short: a third of six days is a long weekend without anybody who looks."""
JITTER = 1 / 30
"""The part of a lifetime by which names differ: two days of sixty."""
AGAIN = timedelta(hours=6)
"""When to ask anew if the answer does not say, or there was none."""
SOONEST, LATEST = timedelta(minutes=1), timedelta(days=1)
"""Bounds to what it says; these are the examples of RFC 9773 4.3.2."""
YOUNG = timedelta(hours=6)
"""How old a certificate gets, or a tenth of its lifetime, whatever the authority suggests: one that
always says "now" would be asked for a certificate each minute."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What an authority says about one certificate, or that it was asked in vain.

    certificate: its id. start, end: of the window; None for no answer. asked: when. again: not to
    be asked before. url: an explanation, for an operator.
    """

    certificate: str
    start: datetime | None
    end: datetime | None
    asked: datetime
    again: datetime
    url: str = ""

    @property
    def moment(self) -> datetime | None:
        """Inside the window, by chance (RFC 9773 4.2), but always the same one."""
        if self.start is None or self.end is None:
            return None
        seed = f"{self.certificate} {moments.text(self.start)} {moments.text(self.end)}"
        return self.start + (self.end - self.start) * _chance(seed)


def certificate_id(chain: bytes) -> str:
    """What RFC 9773 4.1 calls the certificate: authority key identifier, dot, serial number.

    "" for what has no such identifier.
    """
    try:
        certificate = x509.load_pem_x509_certificate(chain)
        extension = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    except (ValueError, x509.ExtensionNotFound):
        return ""
    serial = certificate.serial_number
    # "the DER-encoded ... without tag and length": a leading zero keeps the number positive.
    number = serial.to_bytes(serial.bit_length() // 8 + 1, "big")
    return f"{_encoded(extension.value.key_identifier or b'')}.{_encoded(number)}"


def span(held: Held) -> tuple[datetime, datetime]:
    """From when until when it is valid."""
    return datetime.fromtimestamp(held.not_before, UTC), datetime.fromtimestamp(held.not_after, UTC)


def renew_at(name: str, not_before: datetime, not_after: datetime) -> datetime:
    """When to renew without a word of the authority. Names that began together part."""
    lifetime = max(not_after - not_before, timedelta())
    left = lifetime / 2 if lifetime < SHORT else lifetime / 3
    return not_after - left - lifetime * JITTER * _chance(name.lower())


def renewal_time(held: Held, suggestion: Suggestion | None, now: datetime) -> datetime:
    """When to renew `held`; not after `now` means at once.

    A certificate that is not valid yet waits until it is: the clock was set back, and each new
    one would be of the future too.
    """
    begins, ends = span(held)
    usual = renew_at(held.names[0], begins, ends)
    told = suggestion.moment if suggestion is not None else None
    young = min(YOUNG, (ends - begins) / 10)
    moment = usual if told is None else min(max(told, begins + young), ends)
    if now < begins:
        return max(moment, begins)
    return moment


def ask_at(held: Held, suggestion: Suggestion | None, now: datetime) -> datetime | None:
    """When to ask the authority next; None for never: it is none, or the certificate has expired
    (RFC 9773 4.3: "MUST NOT check ... after the certificate has expired")."""
    if not held.directory or span(held)[1] <= now:
        return None
    if suggestion is None or suggestion.certificate != certificate_id(held.chain):
        return now
    # A clock that was set back must not silence it for years.
    return now if suggestion.asked > now + LATEST else suggestion.again


def ask(conversation: Conversation, chain: bytes) -> Suggestion:
    """The authority's suggestion (RFC 9773 4.2). Raises IssueError if it cannot be reached.

    An authority that has none is asked again after LATEST.
    """
    now = moments.now()
    certificate = certificate_id(chain)
    if not conversation.renewal_info or not certificate:
        return Suggestion(certificate, None, None, now, now + LATEST)
    with conversation.speaking():
        answer = conversation.net.get(f"{conversation.renewal_info.rstrip('/')}/{certificate}")
        said = answer.json()
        window = messages.RenewalInfo.from_json(said).suggested_window
        # To the second, as it is kept: the moment inside must stay the same.
        start, end = window.start.replace(microsecond=0), window.end.replace(microsecond=0)
        if not start < end:  # RFC 9773 4.2: such an answer is invalid
            raise ValueError("its window ends before it starts")
    wait = (conversation.net.retry_after or now + AGAIN) - now
    again = now + min(max(wait, SOONEST), LATEST)
    url = said.get("explanationURL")
    return Suggestion(certificate, start, end, now, again, url if isinstance(url, str) else "")


def unanswered(chain: bytes, old: Suggestion | None) -> Suggestion:
    """Asked in vain: what was said before holds, and it is asked again later (RFC 9773 4.3.3)."""
    now = moments.now()
    certificate = certificate_id(chain)
    known = old if old is not None and old.certificate == certificate else None
    return Suggestion(
        certificate,
        known.start if known else None,
        known.end if known else None,
        now,
        now + AGAIN,
        known.url if known else "",
    )


def kept(store: Store, name: str) -> Suggestion | None:
    """The suggestion that is kept for the certificate of `name`; a damaged one is none."""
    found = read_note(store, _place(name))
    asked, again = moments.parse(found.get("asked")), moments.parse(found.get("again"))
    if asked is None or again is None:
        return None
    start, end = moments.parse(found.get("start")), moments.parse(found.get("end"))
    certificate, url = str(found.get("certificate")), str(found.get("url", ""))
    return Suggestion(certificate, start, end, asked, again, url)


def kept_for(store: Store, name: str, held: Held) -> Suggestion | None:
    """The one that is about `held`, and not about one that `name` had before it."""
    found = kept(store, name)
    return found if found and found.certificate == certificate_id(held.chain) else None


def keep(store: Store, name: str, suggestion: Suggestion) -> None:
    """Keep it, for every process that shares the store."""
    written = {
        "certificate": suggestion.certificate,
        "start": moments.text(suggestion.start) if suggestion.start else None,
        "end": moments.text(suggestion.end) if suggestion.end else None,
        "asked": moments.text(suggestion.asked),
        "again": moments.text(suggestion.again),
        "url": suggestion.url,
    }
    write_note(store, _place(name), written)


def _place(name: str) -> str:
    return f"renewal/{stored(name)}.json"


def _chance(seed: str) -> float:
    """A number from 0 to 1 that only `seed` decides."""
    return int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big") / 2**64


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")
