"""Whether the addresses of a door are its own, or can be."""

import errno
from collections.abc import Iterator

from porch.config.address import parse_listen
from porch.listen.address import ListenAddress
from porch.listen.sockets import obstacle
from porch.manage.doctor.patient import Found, Patient, look, ok, wrong

__all__ = ["check_ports"]


def check_ports(patient: Patient) -> Iterator[Found]:
    """Of each address one line: held by this door, free, or who holds it."""
    if patient.loaded is None or patient.built is None:
        return
    held = set(patient.status["listening"]) if patient.status is not None else set()
    for address in patient.built.listen:
        yield _of(address, is_held=str(address) in held, runs=patient.status is not None)
    admin = patient.loaded.config.admin
    for text in (*patient.loaded.config.metrics, *(admin.listen if admin is not None else ())):
        address = parse_listen(text)
        # A door that runs tells of these as URLs; they are most likely its own.
        if patient.status is None:
            yield _of(address, is_held=False, runs=False)


def _of(address: ListenAddress, *, is_held: bool, runs: bool) -> Found:
    name = f"port {address.port}" if address.port else "socket"
    if is_held:
        return ok(name, f"this door listens on {address}")
    if not address.path and not address.port:
        return ok(name, f"the system chooses the port of {address}")
    error = obstacle(address)
    if error is None and runs:
        return look(
            name,
            f"{address} is in the file, and this door does not listen on it; porch reload --diff"
            " shows what else has changed, porch reload puts it in force",
        )
    if error is None:
        return ok(name, f"{address} is free")
    text = error.strerror or str(error)
    if error.errno == errno.EACCES and not address.path:
        return look(
            name,
            f"{text}. It is no matter where systemd opens it (porch.socket), or the door is"
            " started with more rights than this command",
        )
    return wrong(name, text)
