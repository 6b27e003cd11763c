"""How the door that runs is: its workers, its last reload, who is out of rotation."""

from collections.abc import Iterator
from datetime import datetime

from porch.config.snapshot import Snapshot
from porch.manage.doctor.patient import Found, Patient, look, ok, wrong

__all__ = ["check_changes", "check_endpoints", "check_workers"]

LATER = 30
"""Seconds after a start or a load in which workers are born anyway."""
MOST = 10
"""Endpoints that are told one by one."""


def check_workers(patient: Patient) -> Iterator[Found]:
    """Who hangs, and who took the place of one that died."""
    name = "door"
    status = patient.status
    if status is None:
        yield look(
            name,
            f"no door runs with {patient.config}; porch run {patient.config} starts"
            " one, and its messages say why if it ends",
        )
        return
    every = status["workers"]
    serving = [each for each in every if each["state"] == "serving"]
    for each in every:
        if each["state"].startswith("hanging"):
            yield wrong(
                name,
                f"worker {each['pid']} is {each['state']}, and so are its clients; at 10 s another"
                " takes its place, and the messages have the stack of what blocked: code of yours"
                " that waits, or a machine without time",
            )
    if not serving:
        yield wrong(
            name,
            "no worker serves; the door's messages say why, porch stop and porch run begin anew",
        )
    began = max(_seconds(status["since"]), _seconds(status["configuration"]["loaded"]))
    young = [each for each in serving if _seconds(each["since"]) > began + LATER]
    if young:
        since = max(each["since"] for each in young)
        yield look(
            name,
            f"{len(young)} of {len(serving)} workers took the place of others, the last"
            f" at {since}; the door's messages say what those died of (journalctl -u porch)",
        )
    if serving and not young and len(serving) == len(every):
        yield ok(
            name,
            f"runs since {status['since']} as process {status['pid']}, {len(serving)}"
            f" worker{'s' * (len(serving) != 1)}",
        )


def check_changes(patient: Patient) -> Iterator[Found]:
    """Whether what runs is what the file says."""
    name = "reload"
    if patient.status is None:
        return
    told = patient.status["configuration"]
    if told.get("refused"):
        yield wrong(
            name,
            "the last reload, rollback or upgrade was refused, and what ran before"
            " still runs; porch check says what is wrong with the file, then porch reload",
        )
        return
    if patient.loaded is None or patient.built is None:
        return
    here = Snapshot.of(patient.loaded, lists=patient.built.lists).short
    if here != told["hash"]:
        yield look(
            name,
            f"the file, or one that it names, has changed since {told['loaded']};"
            " porch reload --diff says in words what would change, porch reload does it",
        )
    else:
        yield ok(name, f"what runs is what the file says, since {told['loaded']}")


def check_endpoints(patient: Patient) -> Iterator[Found]:
    """Who is out of rotation, and sources of endpoints that do not answer."""
    name = "endpoints"
    if patient.status is None:
        return
    every = patient.status["upstreams"]
    out = [each for each in every if each["state"].startswith("out")]
    dead = {each["pool"] for each in out} - {
        each["pool"] for each in every if each["state"] == "up"
    }
    for each in out[:MOST]:
        text = f"{each['endpoint']} of {each['pool']} is {each['state']}"
        if each["pool"] in dead:
            yield wrong(name, f"{text}; nobody else can answer for it: start it, or correct `to`")
        else:
            yield look(name, f"{text}; others of its pool answer meanwhile")
    if len(out) > MOST:
        yield look(name, f"{len(out) - MOST} more are out of rotation; porch status lists them")
    for each in patient.status["discovery"]:
        if each["trouble"]:
            yield look(
                name,
                f"{each['source']} tells of no endpoints: {each['trouble']}; the last list is used",
            )
    if not out:
        yield ok(name, f"{len(every)} in rotation")


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
