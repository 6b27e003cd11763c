"""`porch key new NAME`: an API key, and what the configuration has of it."""

import json
import sys
from hashlib import sha256

from porch.shield.api_key import new_key
from porch.shield.auth_claims import is_plain_name

__all__ = ["make_key"]


def make_key(name: str, scopes: list[str]) -> int:
    """Print a new key, which nobody can find out again, and the line for `keys`.

    Returns 0, or 2 for what is no name.
    """
    if not is_plain_name(name):
        print("porch: a name is printable, without spaces at its ends", file=sys.stderr)
        return 2
    key = new_key()
    digest = sha256(key.encode()).hexdigest()
    more = f", scopes = {json.dumps(scopes)}" if scopes else ""
    print(f"key   {key}")
    print(f'keys  {json.dumps(name)} = {{ hash = "sha256:{digest}"{more} }}')
    print("Give the first to whom it is for, now; write the second under auth.keys.")
    return 0
