"""`porch explain METHOD URL`: why a request takes its route, and what is sent."""

import sys
from dataclasses import replace
from pathlib import Path

from porch.config.build import build
from porch.config.load import load
from porch.config.rehearse import rehearse, request_of
from porch.config.state import State
from porch.errors import PorchError
from porch.route.explain import explain

__all__ = ["explain_request"]


def explain_request(config: Path, method: str, url: str, headers: list[str], client: str) -> int:
    """Print the explanation. Returns 0, or 1 where the request or the file is of no use."""
    loaded = load(config)
    built = build(loaded, State(lambda _: None)) if loaded.ok else None
    if built is None:
        print(loaded.report(), file=sys.stderr)
        return 1
    try:
        fields = [_header(text) for text in headers]
        request = request_of(method, url, fields)
    except ValueError as error:
        print(f"porch: {error}", file=sys.stderr)
        return 2
    except PorchError as error:
        print(f"refused   {error.status} {error.word}: {error.detail}")
        return 0
    rehearsal = rehearse(built, request, client.encode())
    router = built.settings.router
    explanation = replace(explain(router, request, client.encode()), sent=rehearsal.sent)
    print(explanation.text(), end="")
    if rehearsal.status:
        where = f" to {rehearsal.location}" if rehearsal.location else ""
        why = f": {rehearsal.error.sentence}" if rehearsal.error is not None else ""
        print(f"status    {rehearsal.status}{where}{why}")
    return 0


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon:
        raise ValueError(f"-H wants 'Name: value', not '{text}'")
    return name.strip(), value.strip()
