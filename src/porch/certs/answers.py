"""Answers: what an authority is shown while it checks who we are.

They lie in the store, so that any worker of any machine that shares it can show them: nobody
knows where the authority connects to. They are few, small and soon over.
"""

import hashlib
import re
from datetime import timedelta

from porch.certs import moments
from porch.certs.identifiers import alpn_name, stored
from porch.certs.needs import Store
from porch.certs.notes import read_note, write_note

__all__ = ["LIFE", "MOST", "Answers"]

LIFE = timedelta(hours=1)
"""How long an answer may be asked for. An authorization is over within minutes, mostly."""
MOST = 500
"""Answers at once; the oldest make room. One issuer has one for each name of its order."""

_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,128}")
"""RFC 8555 8.1: base64url, 128 bits at least. Whoever asks writes it: it becomes part of a name
in the store only if it is that."""
_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")


def _place_of(name: str, value: str) -> str:
    digest = hashlib.sha256(value.encode()).hexdigest()[:16]
    return f"records/{stored(name)}/{digest}.json"


class Answers:
    """Those of one store. Reading takes one look at it, and never more: anybody may ask."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def present_http(self, token: str, key_authorization: str) -> None:
        """Answer `/.well-known/acme-challenge/TOKEN` with it (RFC 8555 8.3). ValueError for a
        token that could be no token."""
        if not _TOKEN.fullmatch(token):
            raise ValueError(f"'{token[:40]}' is no token of a challenge")
        self._present(f"answers/http/{token}", {"answer": key_authorization})

    def present_alpn(self, name: str, chain: bytes, key: bytes) -> None:
        """Show this certificate to who asks for acme-tls/1 and `name` (RFC 8737 3)."""
        server_name = alpn_name(name)
        if not _HOST.fullmatch(server_name):
            raise ValueError(f"'{name[:80]}' is no host name")
        encoded = {"chain": chain.decode("ascii"), "key": key.decode("ascii")}
        self._present(f"answers/alpn/{server_name}", encoded)

    def cleanup_http(self, token: str) -> None:
        """Answer it no more."""
        self._store.delete(f"answers/http/{token}")

    def cleanup_alpn(self, name: str) -> None:
        """Show it no more."""
        self._store.delete(f"answers/alpn/{alpn_name(name)}")

    def http_answer(self, token: str) -> bytes | None:
        """The body of the answer, of type application/octet-stream; None if nobody awaits it."""
        if not _TOKEN.fullmatch(token):
            return None
        found = self._find(f"answers/http/{token}")
        return found["answer"].encode("ascii") if found and "answer" in found else None

    def alpn_answer(self, name: str) -> tuple[bytes, bytes] | None:
        """Chain and key, PEM, for the name in the handshake; None if nobody awaits it."""
        name = name.lower().rstrip(".")
        if not _HOST.fullmatch(name):
            return None
        found = self._find(f"answers/alpn/{name}")
        if not found or "chain" not in found or "key" not in found:
            return None
        return found["chain"].encode("ascii"), found["key"].encode("ascii")

    def keep_record(self, name: str, record: str, value: str) -> None:
        """Remember a TXT record of `name` that is about to be written, until it is removed."""
        note = {"record": record, "value": value, "made": moments.text(moments.now())}
        write_note(self._store, _place_of(name, value), note)

    def forget_record(self, name: str, value: str) -> None:
        """It is removed."""
        self._store.delete(_place_of(name, value))

    def left_records(self, name: str) -> list[tuple[str, str]]:
        """Name and value of those that were left behind: by one that was killed, or since their
        provider failed. One that is young may be in use, by another certificate's order."""
        notes = [
            read_note(self._store, place) for place in self._store.names(f"records/{stored(name)}/")
        ]
        present = moments.now()
        return [
            (str(note["record"]), str(note["value"]))
            for note in notes
            if {"record", "value"} <= note.keys()
            and abs(present - (moments.parse(note.get("made")) or present)) > LIFE
        ]

    def sweep(self) -> int:
        """Remove those that are over, and the oldest if there are too many. How many stay."""
        living: list[tuple[str, str]] = []
        for name in self._store.names("answers/"):
            found = self._find(name)
            if found is None:
                self._store.delete(name)
            else:
                living.append((found["until"], name))
        living.sort()
        for _, name in living[: max(0, len(living) - MOST)]:
            self._store.delete(name)
        return min(len(living), MOST)

    def _present(self, name: str, answer: dict[str, str]) -> None:
        self.sweep()
        answer["until"] = moments.text(moments.now() + LIFE)
        write_note(self._store, name, answer)

    def _find(self, name: str) -> dict[str, str] | None:
        """What was presented, and is not over. A date further off than any that is written here
        is of a clock that has been set back since, and is over too."""
        found = read_note(self._store, name)
        until = moments.parse(found.get("until"))
        present = moments.now()
        if until is None or not present <= until <= present + 2 * LIFE:
            return None
        return {str(key): str(value) for key, value in found.items()}
