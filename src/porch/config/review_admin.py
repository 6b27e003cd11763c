"""What no single word of `admin` can tell: who could come in, and who could listen."""

import ipaddress
from typing import Any

from porch.config.address import parse_listen
from porch.config.loaded import Loaded
from porch.config.networks import PRIVATE
from porch.config.review_files import review_file, review_rights
from porch.config.schema_admin import AdminModel
from porch.listen.address import ListenAddress

__all__ = ["is_loopback", "is_private", "review_admin"]

_PRIVATE = tuple(map(ipaddress.ip_network, PRIVATE))
_TOKENS = 'tokens = { ann = "${ADMIN_ANN}" }'


def is_loopback(address: ListenAddress) -> bool:
    """Whether only this machine reaches it."""
    return bool(address.path) or (
        address.host != "" and ipaddress.ip_address(address.host).is_loopback
    )


def is_private(address: ListenAddress) -> bool:
    """Whether only networks reach it that are somebody's own; never so of all addresses (":9146"),
    of which one may be public tomorrow."""
    if is_loopback(address):
        return True
    found = ipaddress.ip_address(address.host or "::")
    return any(found in each for each in _PRIVATE)


def review_admin(loaded: Loaded, data: dict[str, Any]) -> None:
    """Look over `admin`, made from `data`. Reads its files."""
    admin = loaded.config.admin
    if admin is None:
        return
    written = data["admin"]
    has_tokens = isinstance(written, dict) and bool(written.get("tokens"))  # of use or not
    if not has_tokens and admin.client_ca is None:
        table = f'admin = {{ listen = "{admin.listen[0]}", {_TOKENS} }}'
        text = (
            "nobody could be told from anybody else there: it wants a token or a client "
            f"certificate; write {table}"
        )
        loaded.add(("admin",), text)
    _review_tokens(loaded, admin)
    _review_tls(loaded, admin)
    for number, text in enumerate(admin.listen):
        _review_address(loaded, admin, number, text)


def _review_tokens(loaded: Loaded, admin: AdminModel) -> None:
    is_file = bool(loaded.files)  # who writes Python has it from where he likes
    known: dict[str, str] = {}
    for name, words in admin.tokens.items():
        path = ("admin", "tokens", name)
        at = (*path, "token") if (*path, "token") in loaded.places else path
        if words.token in known:
            loaded.add(at, f"it is that of '{known[words.token]}' too; give each its own")
        known[words.token] = name
        is_told = at in loaded.secrets or words.token.startswith("sha256:")
        if is_file and not is_told and at not in loaded.unfilled:
            text = 'a token is not written here itself; write "${NAME}", "file:/path" or "sha256:…"'
            loaded.add(at, text)


def _review_tls(loaded: Loaded, admin: AdminModel) -> None:
    for word in ("cert", "key", "client_ca"):
        review_file(loaded, getattr(admin, word), ("admin", word))
    if (admin.cert is None) != (admin.key is None):
        there, missing = ("key", "cert") if admin.cert is None else ("cert", "key")
        loaded.add(("admin", there), f"'{missing}' is missing beside '{there}'; both are files")
    if admin.key is not None:
        review_rights(loaded, loaded.base / admin.key, ("admin", "key"))
    if admin.client_ca is not None and admin.cert is None:
        text = "without HTTPS no client can show a certificate; write cert and key too"
        loaded.add(("admin", "client_ca"), text)
    if admin.clients and admin.client_ca is None:
        text = "no certificate is believed; write client_ca, a PEM file of authorities"
        loaded.add(("admin", "clients"), text)


def _review_address(loaded: Loaded, admin: AdminModel, number: int, text: str) -> None:
    address = parse_listen(text)
    at = ("admin", "listen", number)
    if at not in loaded.places:
        at = ("admin", "listen") if ("admin", "listen") in loaded.places else ("admin",)  # type: ignore[assignment]
    if _is_taken(loaded, address):
        loaded.add(at, f"'{text}' stands in listen or metrics too; write another port")
    if text.startswith("http://") and admin.cert is not None:
        loaded.add(at, f"'{text}' is plain, and cert stands beside it; take http:// off")
    if address.tls and admin.cert is None:
        loaded.add(at, f"'{text}' speaks HTTPS, which wants cert and key; both are files")
    if not is_private(address) and not admin.public:
        loaded.add(
            at,
            f"'{text}' may be reached by strangers; write \"127.0.0.1:{address.port}\" and come by "
            "ssh -L, or the address of a private network, or public = true if that is meant",
        )
    elif not is_loopback(address) and admin.cert is None and not address.tls:
        way = "write cert and key, for HTTPS"
        if is_private(address):
            way += ", or plain = true if the network is all yours"
        if not (is_private(address) and admin.plain):
            loaded.add(at, f"'{text}' is plain HTTP: who stands between reads the tokens; {way}")


def _is_taken(loaded: Loaded, address: ListenAddress) -> bool:
    config = loaded.config
    if not address.path and not address.port:  # the system chooses it, for each that is another
        return str(address) in config.metrics
    for text in (*config.listen, *config.metrics):
        try:
            other = parse_listen(text)
        except ValueError:
            continue  # said elsewhere
        same = other.path == address.path if address.path else other.port == address.port
        if same and (address.path or other.host in (address.host, "") or not address.host):
            return True
    return False
