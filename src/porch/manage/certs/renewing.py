"""Renewing: the command that gets a host another certificate now, whatever the time of the old.

The worker that gets certificates does it (certifying.py), beside what it gets by itself, and under
the same locks. It takes as long as the authority takes, which may be minutes: whoever asked waits
for as long as he said, and the audit tells the end.
"""

from functools import partial

from porch.manage.asking import Answers, Asking
from porch.manage.certs.unmanaged import Hosts, normal
from porch.manage.control.operating import Command, Question
from porch.manage.in_force import InForce
from porch.manage.loop import Loop
from porch.observe.visible import visible

__all__ = ["LONGEST", "MOST", "Renewing"]

MOST = 8
"""Renewals at once. An authority that hangs has no more threads waiting than that."""
LONGEST = 1800.0
"""Seconds behind which one is given up. All its steps have bounds, and less together."""
_BUSY = f"porch: {MOST} renewals are under way; ask again when one is over: porch audit tells"
_NOBODY = "porch: the worker that gets certificates is about to start; ask again in a moment"
_GONE = (
    "porch: the worker that was about it has ended before it was done; what it had begun is gone "
    "on with by the next; porch certs tells"
)


class Renewing:
    """Of one door."""

    def __init__(self, loop: Loop, asking: Asking, in_force: InForce) -> None:
        self._loop = loop
        self._asking = asking
        self._in_force = in_force
        self._under_way: set[str] = set()

    @property
    def commands(self) -> dict[str, Command]:
        """See Operating."""
        return {"renew": self._renew}

    def _renew(self, question: Question) -> None:
        """words: host; wait, seconds for an answer that says how it went."""
        host, wait = normal(str(question.words["host"])), question.words.get("wait")
        hosts = self._hosts()
        if hosts.source(host) is None:
            question.reply({"error": f"porch: {visible(host)}: {hosts.why(host)}"}, 404)
        elif host in self._under_way:
            question.reply({"error": f"porch: {host}: a renewal is under way; porch audit tells"})
        elif len(self._under_way) >= MOST:
            question.reply({"error": _BUSY}, 503)
        else:
            self._begin(host, float(wait) if isinstance(wait, int | float) else 0.0, question)

    def _hosts(self) -> Hosts:
        candidate = self._in_force.candidate
        return Hosts(candidate.loaded, candidate.listen, candidate.managed, candidate.given)

    def _begin(self, host: str, wait: float, question: Question) -> None:
        first = [each for each in self._asking.waited_for if each.slot == 0]  # who gets them
        if not first:
            question.reply({"error": _NOBODY}, 503)
            return
        if not question.begin():
            return
        self._under_way.add(host)
        done = partial(self._done, host, question)
        self._asking.tell("renew", host, done, only=first, patience=LONGEST)
        if question.is_over:
            return
        if wait:
            self._loop.after(wait, partial(self._promise, host, question))
        else:
            self._promise(host, question)

    @staticmethod
    def _promise(host: str, question: Question) -> None:
        question.promise({"renewing": f"{host}; porch audit tells when it is over"})

    def _done(self, host: str, question: Question, answers: Answers) -> None:
        self._under_way.discard(host)
        told = next((each for each in answers if isinstance(each, dict)), None)
        if told is None:
            question.reply({"error": _GONE}, 503)
        elif told["what"] == "issued":
            question.note("certificate", told["before"], told["after"])
            question.reply(
                {"renewed": host, "certificate": told["after"], "said": told["sentence"]}
            )
        else:
            # Failed: an authority, or what stands between, has not done its part (RFC 9110 15.6.3).
            status = 502 if told["what"] == "failed" else 0
            question.reply({"error": f"porch: {told['sentence']}"}, status)
