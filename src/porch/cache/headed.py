"""Headed: whether an answer to HEAD may say anything of what is stored (RFC 9111 4.3.5).

A HEAD is sent on as it came, with all that one client has said; what is stored is for all. So it
counts only where it asked what the key describes and nothing else: else one client would choose
what all others get, or take it from them.
"""

from porch.cache.asker import asker
from porch.cache.directives import cache_control
from porch.cache.entry import Entry
from porch.cache.key import KeyRules, host, target
from porch.cache.policy import Policy
from porch.cache.unkeyed import is_plain
from porch.http.conditional import CONDITIONS
from porch.http.message import RequestHead

__all__ = ["holds_for_all"]

_OWN = CONDITIONS | {b"range"}


def holds_for_all(request: RequestHead, rules: KeyRules, policy: Policy, entry: Entry) -> bool:
    """Whether what an origin answers to this HEAD holds for all who get `entry`: the path and host
    are those of the key, and no field that is neither in the key nor in Vary tells who asks."""
    if policy.tells_who or request.length != 0:
        return False
    if request.target != target(request.target, rules):
        return False
    if request.authority != host(request.scheme, request.authority):
        return False
    keyed = {*rules.fields, *(name for name, _ in entry.vary)}
    rest = [field for field in request.fields if field[0] not in keyed]
    if not is_plain(request, keyed) or any(name in _OWN for name, _ in rest):
        return False
    if b"no-store" in cache_control(rest):
        return False
    bare = RequestHead(request.method, request.target, request.authority, request.scheme, rest)
    nobody = RequestHead(request.method, request.target, request.authority, request.scheme, [])
    return b"x-forwarded-for" not in dict(rest) and asker(bare, b"") == asker(nobody, b"")
