"""Account: who we are to an authority (RFC 8555 7.3).

The key is kept before the authority hears of it, and an account is found again by its key
(7.3.1), so that an end at any moment loses neither. One at a time makes it, of all who share the
store: two keys would be two accounts.
"""

from acme import errors, messages
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from josepy.b64 import b64encode
from josepy.errors import Error as JoseError
from josepy.jwk import JWK, JWKEC, JWKRSA

from porch import clock
from porch.certs.authority import Authority
from porch.certs.failure import IssueError
from porch.certs.files import DamagedError
from porch.certs.needs import Lease, Store
from porch.certs.network import Conversation
from porch.certs.notes import read_note, write_note

__all__ = ["forget", "key_name", "open_account", "record_name"]

LEASE = 20.0
"""Seconds that a key may be in the making. Two who register one key have one account."""
PATIENCE = 30.0
"""Seconds to wait for another who makes it; more than a lease, for he may have been killed."""
LOOK = 0.1
"""Seconds between two looks whether he has."""


def key_name(authority: Authority) -> str:
    """Where a store keeps the account's key (PEM, PKCS #8)."""
    return f"accounts/{authority.label}/key.pem"


def record_name(authority: Authority) -> str:
    """Where it keeps what the authority said: JSON of uri, contact, thumbprint."""
    return f"accounts/{authority.label}/account.json"


def open_account(authority: Authority, store: Store) -> Conversation:
    """A conversation as our account there, which is made if there is none.

    Changes its contact if the email is another by now. Raises IssueError.
    """
    found = _read_key(authority, store)
    lease = None if found else _alone(authority, store)
    try:
        found = found or _make_key(authority, store, lease)
        key = _load(found, authority)
        conversation = Conversation(authority, key)
        record = _record(store, authority, key)
        contact = _contact(authority)
        if record is None:
            with conversation.speaking():
                record = {"uri": _register(conversation, key, contact), "contact": list(contact)}
            _keep(store, authority, key, record)
        account = messages.RegistrationResource(
            uri=record["uri"], body=messages.Registration(contact=contact)
        )
        conversation.net.account = account
        if record["contact"] != list(contact):
            with conversation.speaking():
                conversation.say(str(record["uri"]), messages.UpdateRegistration(contact=contact))
            _keep(store, authority, key, {"uri": record["uri"], "contact": list(contact)})
    finally:
        if lease is not None:
            lease.release()
    return conversation


def forget(authority: Authority, store: Store) -> None:
    """The authority does not know the account: register the same key at the next opening."""
    store.delete(record_name(authority))


def _alone(authority: Authority, store: Store) -> Lease | None:
    """The right to make the key; None if another has made it meanwhile."""
    until = clock.monotonic() + PATIENCE
    while True:
        lease = store.lock(f"account/{authority.label}", LEASE)
        if lease is not None:
            return lease
        if _read_key(authority, store) is not None:
            return None
        if clock.monotonic() > until:
            raise IssueError(
                "busy",
                f"another process has been making the account at {authority.host} for "
                f"{PATIENCE:.0f} s: it is tried again by itself",
            )
        clock.sleep(LOOK)


def _make_key(authority: Authority, store: Store, lease: Lease | None) -> bytes:
    """The key that is kept, made now unless somebody did while we waited."""
    found = _read_key(authority, store)
    if found is not None:
        return found
    # P-256 signs all we say: RFC 8555 6.2 has every authority take ES256, and it is small.
    made = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    if lease is not None and lease.renew() is False:
        raise IssueError("busy", "the lock of the store was lost; it is tried again by itself")
    store.write(key_name(authority), made)
    return made


def _read_key(authority: Authority, store: Store) -> bytes | None:
    try:
        return store.read(key_name(authority))
    except DamagedError as error:
        raise _damaged(authority, error.place) from error


def _damaged(authority: Authority, place: str) -> IssueError:
    return IssueError(
        "account",
        f"the key of the account at {authority.host} is damaged: put {place} back from a backup, "
        "or remove it and a new account is made",
    )


def _load(pem: bytes, authority: Authority) -> JWK:
    try:
        key = JWK.load(pem)
    except (JoseError, ValueError, TypeError):
        key = None
    # What is no PEM is a shared secret to the library.
    if not isinstance(key, JWKEC | JWKRSA):
        raise _damaged(authority, f"{key_name(authority)} in the store")
    return key


def _register(conversation: Conversation, key: JWK, contact: tuple[str, ...]) -> str:
    """The account's URL. One that exists is found by its key."""
    authority = conversation.authority
    binding = None
    if authority.eab is not None:
        binding = _binding(conversation, key, *authority.eab)
    elif conversation.client.external_account_required():
        raise IssueError(
            "account",
            f"{authority.host} takes only its customers: set the key id and the HMAC key (eab) "
            "that it gives them",
            code="externalAccountRequired",
        )
    new = messages.NewRegistration(
        terms_of_service_agreed=True,
        external_account_binding=binding,
        # An empty list would be written; some authorities refuse it.
        **({"contact": contact} if contact else {}),
    )
    try:
        return str(conversation.client.new_account(new).uri)
    except errors.ConflictError as known:
        return str(known.location)


def _binding(conversation: Conversation, key: JWK, kid: str, hmac: str) -> dict[str, object]:
    """What ties our key to an account that exists outside of ACME (RFC 8555 7.3.4)."""
    try:
        return messages.ExternalAccountBinding.from_data(
            key.public_key(), kid, hmac, conversation.client.directory
        )
    except (JoseError, ValueError) as error:
        raise IssueError(
            "account",
            f"the HMAC key (eab) for {conversation.authority.host} is not base64url: copy it as "
            "it is given to its customers",
        ) from error


def _contact(authority: Authority) -> tuple[str, ...]:
    return (f"mailto:{authority.email}",) if authority.email else ()


def _record(store: Store, authority: Authority, key: JWK) -> dict[str, object] | None:
    """What is kept about the account of that very key; a damaged record is none."""
    record = read_note(store, record_name(authority))
    uri, contact = record.get("uri"), record.get("contact")
    is_whole = isinstance(uri, str) and isinstance(contact, list)
    if not is_whole or record.get("thumbprint") != _thumbprint(key):
        return None
    return {"uri": uri, "contact": contact}


def _keep(store: Store, authority: Authority, key: JWK, record: dict[str, object]) -> None:
    whole = {"directory": authority.directory, "thumbprint": _thumbprint(key)} | record
    write_note(store, record_name(authority), whole)


def _thumbprint(key: JWK) -> str:
    return b64encode(key.thumbprint()).decode()
