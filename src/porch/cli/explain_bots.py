"""What `porch explain` says of the words against bots: the rule that refuses a request."""

from collections.abc import Iterator

from porch.http.message import RequestHead
from porch.route.route import Route
from porch.shield.block import Block
from porch.shield.block_spellings import TooDeep
from porch.shield.challenge import Challenge

__all__ = ["bot_lines"]


def bot_lines(route: Route | None, request: RequestHead) -> Iterator[str]:
    """None of a route that has none of them."""
    for hook in route.plan.on_request if route is not None else ():
        owner = getattr(hook, "__self__", None)
        if isinstance(owner, Block):
            yield f"block     {_verdict(owner, request)}"
        elif isinstance(owner, Challenge):
            yield from (f"challenge {each}" for each in owner.described())


def _verdict(block: Block, request: RequestHead) -> str:
    try:
        rule = block.first(request)
    except TooDeep as error:
        return error.sentence
    if rule is not None:
        return f"refused: {rule.name}{', without a line in the log' if rule.quiet else ''}"
    count = len(block.rules)
    bodies = sum(bool(each.body) for each in block.rules)
    more = f"; {bodies} of them {'reads' if bodies == 1 else 'read'} the body" if bodies else ""
    return f"none of {count} {'rule' if count == 1 else 'rules'} refuses it{more}"
