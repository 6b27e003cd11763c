"""Start: from a configuration to open sockets, in this process or on trial for an upgrade."""

import errno
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from porch import clock
from porch.config.logs import close_log_files, open_log_files
from porch.listen.address import ListenAddress
from porch.manage.activation import inherited, matching
from porch.manage.candidate import Candidate
from porch.manage.control.server import AlreadyRuns, Control
from porch.manage.in_force import InForce, why
from porch.manage.listening import Listening
from porch.manage.prospect import Load
from porch.manage.rehearsal import Rehearsal
from porch.manage.upgrade import Handover

__all__ = ["start", "try_out"]

TAKE_OVER = 2.0
"""Seconds that the workers of a killed supervisor have to let go of its addresses."""

Say = Callable[[str], None]


def start(
    load: Load, control: Control | None, handover: Handover | None, say: Say
) -> InForce | None:
    """What runs, with its addresses bound; None with the reason said.

    control: opened here. A door without a socket for commands is better than none.
    """
    loaded = load()
    candidate = Candidate.examine(loaded)
    if loaded.problems:
        say(loaded.report())
    if candidate is None:
        return None
    listening, observed = Listening(), Listening()
    files: dict[Path, int] = {}
    try:
        listening = _listening(candidate, handover, say)
        replaced = _open(control, handover, say)
        files = open_log_files(candidate.logs)
        _bind(listening, candidate, patience=TAKE_OVER if replaced else 0.0)
        observed.open(candidate.observed, 1)
        listening.drop_inherited()
        return _in_force(candidate, listening, files, observed, handover)
    except (AlreadyRuns, OSError) as error:
        say(f"porch: {why(error)}")
        listening.close_all()
        observed.close_all()
        close_log_files(files)
        return None


def _in_force(
    candidate: Candidate,
    listening: Listening,
    files: dict[Path, int],
    observed: Listening,
    handover: Handover | None,
) -> InForce:
    """With the counts of before an upgrade, if there is room for them. Raises OSError."""
    if handover is None:
        return InForce(candidate, listening, files, observed)
    table = handover.counts(candidate.workers)
    if table is None:  # old workers may count in any row of the others
        for number in handover.tables.values():
            os.close(number)
        return InForce(candidate, listening, files, observed)
    in_force = InForce(candidate, listening, files, observed, table, handover.tables)
    in_force.take_over(handover.endpoints)
    return in_force


def try_out(load: Load, held: Sequence[ListenAddress], say: Say) -> int:
    """Whether `start` would go well beside a door that holds these addresses, and a worker would
    serve. An exit code; the reason was said."""
    loaded = load()
    candidate = Candidate.examine(loaded)
    if candidate is None:
        say(loaded.report())
        return 1
    listening = Listening()
    files: dict[Path, int] = {}
    try:
        files = open_log_files(candidate.logs)
        listening.open([each for each in candidate.listen if each not in held], 1)
        reason = Rehearsal(candidate, files).run()
    except OSError as error:
        reason = why(error)
    finally:
        listening.close_all()
        close_log_files(files)
    if reason:
        say(reason)
    return 1 if reason else 0


def _listening(candidate: Candidate, handover: Handover | None, say: Say) -> Listening:
    if handover is not None:
        return Listening(handover.sockets, lent=handover.lent_addresses)
    found, warnings = matching(inherited(), candidate.listen)
    for text in warnings:
        say(f"porch: {text}")
    return Listening({address: [sock] for address, sock in found.items()}, lent=found)


def _open(control: Control | None, handover: Handover | None, say: Say) -> bool:
    """Whether the socket of a door that was killed had to be replaced. Raises AlreadyRuns."""
    if control is None:
        return False
    if handover is not None and handover.control >= 0:
        server = handover.control_socket
        try:
            control.adopt(server)
        except OSError as error:
            say(f"porch: no control socket, so that no command reaches this door: {why(error)}")
        return False
    try:
        control.open()
    except OSError as error:
        say(f"porch: no control socket, so that no command reaches this door: {why(error)}")
    return control.replaced


def _bind(listening: Listening, candidate: Candidate, patience: float) -> None:
    """Raises OSError. The workers of a door that was killed need a moment to let go."""
    until = clock.monotonic() + patience
    while True:
        try:
            listening.open(candidate.listen, candidate.workers)
            return
        except OSError as error:
            if error.errno != errno.EADDRINUSE or clock.monotonic() >= until:
                raise
            clock.sleep(0.02)
