"""Whether the admin door is where its operator thinks it is, and who else can reach it."""

from collections.abc import Iterator
from dataclasses import replace

from porch.config.address import parse_listen
from porch.config.review_admin import is_loopback, is_private
from porch.manage.doctor.patient import Found, Patient, look, ok

__all__ = ["check_admin"]

_BETTER = (
    '"127.0.0.1:9146" and ssh -L is better, or a private network; else client certificates beside '
    "the tokens (client_ca of admin), and a firewall before the port"
)


def check_admin(patient: Patient) -> Iterator[Found]:
    """A line for each address."""
    admin = patient.loaded.config.admin if patient.loaded is not None else None
    if admin is None:
        return
    for text in admin.listen:
        address = replace(parse_listen(text), tls=admin.cert is not None)
        if not is_private(address):
            sentence = f"strangers may reach {text} (public = true of admin): {_BETTER}"
            yield look("admin", sentence)
        elif not is_loopback(address) and not address.tls:
            sentence = (
                f"{text} is plain HTTP (plain = true of admin): who is in that network can read the"
                " tokens; cert and key of admin make it HTTPS"
            )
            yield look("admin", sentence)
        else:
            yield ok("admin", f"{text}, for {_who(len(admin.tokens), admin.client_ca)}")


def _who(tokens: int, client_ca: str | None) -> str:
    shown = [f"{tokens} token{'s' * (tokens != 1)}"] if tokens else []
    if client_ca is not None:
        shown.append("client certificates")
    return " and ".join(shown)
