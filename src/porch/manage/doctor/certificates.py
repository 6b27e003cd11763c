"""How the certificates of a door are. That chains and keys match is found out by loading them."""

from collections.abc import Iterator
from pathlib import Path

from porch import clock
from porch.certs import moments
from porch.certs.report import WARN_DAYS, NameState, is_unattended
from porch.certs.states import states
from porch.certs.store import FileStore, StoreError
from porch.config.administering import administered
from porch.manage.certs.managed import Managed
from porch.manage.certs.renewed import ADMIN
from porch.manage.doctor.patient import Found, Patient, look, ok, wrong

__all__ = ["check_certificates"]

DAY = 86400
MOST = 10
"""Hosts that are told one by one."""


def check_certificates(patient: Patient) -> Iterator[Found]:
    """Those in trouble each, and when the first of the others ends."""
    name = "certificates"
    if patient.loaded is None or patient.built is None:
        return
    certificates = patient.built.certificates
    told = (patient.status or {}).get("configuration", {}).get("store")
    managed = Managed.of(patient.loaded, patient.built)
    folder = Path(told) if told else managed.folder
    store = None
    if certificates.gets and folder.exists():
        try:
            store = FileStore(folder)
        except StoreError as error:
            yield wrong(name, str(error))
    asked = [each.directory for each in managed.authorities]
    given = dict(certificates.presented.by_host)
    admin = administered(patient.loaded)
    if admin is not None and admin.certificate is not None:
        given[ADMIN] = admin.certificate
    every = [*states(store, certificates.managed, given, asked)]
    if not every:
        yield ok(name, "none is needed" if store or not certificates.gets else "none is there yet")
        return
    now = clock.wall()
    found = [each for state in every for each in _of(name, state, now)]
    yield from found[:MOST]
    if len(found) > MOST:
        yield look(name, f"{len(found) - MOST} more are in trouble; porch certs lists them")
    ends = [(each.not_after, each.name) for each in every if each.not_after is not None]
    if ends and not found:
        first, host = min(ends)
        yield ok(name, f"{len(ends)}; the first ends in {moments.span(first - now)} ({host})")


def _of(name: str, state: NameState, now: float) -> Iterator[Found]:
    """What is wrong with one; nothing for most."""
    way = (
        "put a new one into its files, which are read by themselves"
        if state.source == "files"
        else f"porch certs check {state.name} tells what is in the way"
    )
    if state.not_after is None:
        if state.last_error:
            yield wrong(name, f"{state.name} has none: {_line(state.last_error)}; {way}")
        else:
            yield look(
                name, f"{state.name} has none yet; the door gets it when it runs, else {way}"
            )
    elif state.not_after <= now:
        yield wrong(
            name, f"that of {state.name} ended {moments.span(now - state.not_after)} ago; {way}"
        )
    elif is_unattended(state, now) and state.not_after - now <= WARN_DAYS[0] * DAY:
        why = f" ({_line(state.last_error)})" if state.last_error else ""
        yield wrong(
            name,
            f"that of {state.name} ends in {moments.span(state.not_after - now)} and"
            f" nothing renews it{why}; {way}",
        )
    elif state.last_error:
        yield look(name, f"{state.name} was not renewed: {_line(state.last_error)}; {way}")


def _line(text: str) -> str:
    """Words that may be an authority's, on one line."""
    return "".join(each for each in " ".join(text.split()) if each.isprintable()).rstrip(".")
