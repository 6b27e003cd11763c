"""What a route's `retry` builds."""

from porch.balance.hedge import Hedge, HedgedRetry
from porch.balance.patience import Patience
from porch.balance.refused_answers import RefusedAnswers, status_of
from porch.balance.roster import Roster
from porch.clock import INFINITY
from porch.config.schema_retry import RetryModel
from porch.config.units import spell_duration
from porch.filter import Filter
from porch.http.grpc import stands_for
from porch.route.retry import BACKOFF, REFUSALS, Retry

__all__ = ["retrying"]


def retrying(
    words: RetryModel, roster: Roster, *, calls: bool = False
) -> tuple[Retry, list[Filter]]:
    """The Retry of a route to this pool, and the filters that go before all others. calls: whether
    it may take gRPC."""
    total = INFINITY if words.total is None else words.total
    backoff = BACKOFF if words.backoff is None else words.backoff
    text = _text(words)
    filters: list[Filter] = []
    refusals = 0 if "attempts" in words.model_fields_set else REFUSALS
    if words.hedge is None:
        retry = Retry(words.attempts, total, backoff, text, refusals=refusals)
    else:
        retry = hedged = HedgedRetry(words.attempts, total, backoff, text, refusals=refusals)
        after = None if words.hedge == "p95" else words.hedge
        filters.append(Hedge(after, roster.first_bytes, hedged))
    if words.each is not None or words.total is not None:
        filters.insert(0, Patience(INFINITY if words.each is None else words.each, total))
    if words.on:
        on = frozenset(words.on)
        filters.insert(0, RefusedAnswers(on, retry, stands_for if calls else status_of))
    return retry, filters


def _text(words: RetryModel) -> str:
    """The words as `porch explain` says them."""
    if not words.attempts:
        return "none: one attempt is all"
    said = [f"up to {words.attempts} further endpoint{'s' if words.attempts > 1 else ''}"]
    if words.on:
        said.append(f"on {', '.join(map(str, sorted(set(words.on))))} too")
    if words.each is not None:
        said.append(f"each {spell_duration(words.each)}")
    if words.total is not None:
        said.append(f"all {spell_duration(words.total)}")
    if isinstance(words.hedge, float):
        said.append(f"a second beside a first that takes {spell_duration(words.hedge)}")
    elif words.hedge is not None:
        said.append("a second beside a first that is slower than 95 % of the latest")
    return ", ".join(said)
