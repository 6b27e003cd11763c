"""Ordering: the commands that change what runs, and nothing of the file.

An order goes to all workers, and whoever gave it is answered when all of them obey: what is said
to be drained is not used any more. It is kept on disk, shown by status, and undone by name.
"""

import os
import stat
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from porch import clock
from porch.balance.endpoint import Out
from porch.balance.standing import EndpointName, is_endpoint
from porch.config.changing import RETRY_AFTER, networks
from porch.config.loaded import RouteEntry
from porch.config.orders import Back, Closed, Order, Orders
from porch.config.units import spell_duration
from porch.manage.asking import Asking, pending, taken
from porch.manage.control.operating import Answer, ByItself, Command, Question
from porch.manage.in_force import InForce, why
from porch.manage.loop import Loop, Timer
from porch.manage.naming import endpoints_named, route_named, spelled
from porch.manage.orders.judging import Judging
from porch.manage.orders.keeping import Keeping
from porch.manage.orders.obeying import BY_COMMAND
from porch.manage.orders.ordered import ordered
from porch.observe.messages import Messages
from porch.route.route import RUNNING

__all__ = ["LARGEST_PAGE", "Ordering"]

LOOK = 0.05
"""Seconds between two looks whether something still runs."""
LARGEST_PAGE = 1 << 20
"""Bytes of a page."""
BY_CANARY = "by porch canary"

Then = Callable[[Sequence[int]], None]
"""Done when all obey, with who does not yet: see asking.pending."""


class Ordering:
    """Of one door."""

    def __init__(
        self,
        loop: Loop,
        asking: Asking,
        in_force: InForce,
        messages: Messages,
        keeping: Keeping,
        by_itself: ByItself,
    ) -> None:
        """by_itself: see Operating."""
        self._loop = loop
        self._asking = asking
        self._in_force = in_force
        self._messages = messages
        self._keeping = keeping
        self._by_itself = by_itself
        self._judging = Judging(loop, in_force, self._take_back)
        self._opening: dict[str, Timer] = {}  # route -> when its maintenance ends by itself

    @property
    def commands(self) -> dict[str, Command]:
        """See Operating."""
        commands = {
            "drain": self._drain,
            "undrain": self._undrain,
            "weight": self._weight,
            "maintenance": self._maintenance,
            "canary": self._canary,
            "orders": lambda question: question.reply({"orders": ordered(self._in_force.orders)}),
        }
        return {word: partial(self._answer, work) for word, work in commands.items()}

    def begin(self, handed: object = None) -> None:
        """Before there is a worker: what was ordered holds on. handed: by the version before."""
        orders = Orders.none()
        try:
            if handed is not None:
                orders = Orders.load(handed, clock.wall(), clock.monotonic())
            else:
                orders = self._keeping.read()
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            self._messages.warn(f"what was ordered before is not known: {error}")
        in_force = self._in_force
        in_force.orders = orders
        for name, since in orders.drained.items():
            in_force.standings.note((name, "drained", Out(BY_COMMAND, since)))
        for key, closed in orders.closed.items():
            self._end_in_time(key, closed)
        for each in ordered(orders):
            self._messages.tell(f"still {each['order']}; {each['undo']} ends it")

    # --- commands ------------------------------------------------------------------------------

    def _answer(self, work: Callable[[Question], None], question: Question) -> None:
        try:
            work(question)
        except LookupError as error:
            question.reply({"error": f"porch: {error.args[0]}"}, 404)
        except (ValueError, OSError) as error:
            question.reply({"error": f"porch: {why(error)}"}, 400)

    def _drain(self, question: Question) -> None:
        names = self._endpoints(question)
        drained = self._in_force.orders.drained
        now = clock.wall()
        orders = [Order("drained", name, drained.get(name, now)) for name in names]
        wait = _number(question, "wait")
        if wait and not question.begin():
            return
        until = clock.monotonic() + wait
        then = partial(self._wait_idle, names, until, wait, question) if wait else None
        self._order(orders, then or partial(self._told, question, "drained", names))

    def _undrain(self, question: Question) -> None:
        names = self._endpoints(question)
        orders = [Order("drained", name, None) for name in names]
        self._order(orders, partial(self._told, question, "undrained", names))

    def _weight(self, question: Question) -> None:
        names = self._endpoints(question)
        orders = [Order("weight", name, question.words["weight"]) for name in names]
        self._order(orders, partial(self._told, question, "weighted", names))

    def _maintenance(self, question: Question) -> None:
        keys = [each.key for each in self._in_force.candidate.loaded.routes]
        key = route_named(_text(question, "route"), [*keys, *self._in_force.orders.closed])
        closed = None
        if question.words.get("on") is True:
            closed = _closed(question)
            self._end_in_time(key, closed)
            answer: Answer = {"closed": _until(key, closed)}
        else:
            answer = {"open": key}
            self._end_in_time(key, None)
            if any(each.key == key and each.model.maintenance for each in self._routes):
                answer["warning"] = (
                    "the file has maintenance for it too; take it out there and porch reload"
                )
        self._order([Order("closed", key, closed)], partial(self._made, question, answer))

    def _canary(self, question: Question) -> None:
        text = _text(question, "route")
        canaries = self._in_force.candidate.canaries
        names = [name for name, each in canaries.items() if text in (name, each.key)]
        if not names:
            route_named(text, canaries, "canary of a route")
        is_on = question.words.get("on") is True
        orders = []
        for name in names:
            words = canaries[name].words
            back = None if is_on else Back(since=clock.wall(), why=BY_CANARY, words=words)
            orders.append(Order("back", name, back))
        self._judging.forget(names)
        answer: Answer = {"on" if is_on else "taken back": names}
        self._order(orders, partial(self._made, question, answer))

    @property
    def _routes(self) -> Sequence[RouteEntry]:
        return self._in_force.candidate.loaded.routes

    def _endpoints(self, question: Question) -> list[EndpointName]:
        in_force = self._in_force
        names = [*in_force.candidate.endpoints, *in_force.orders.drained, *in_force.orders.weights]
        all_pools = question.words.get("all_pools") is True
        return endpoints_named(_text(question, "endpoint"), names, all_pools=all_pools)

    def _told(
        self, question: Question, word: str, names: list[EndpointName], silent: Sequence[int]
    ) -> None:
        answer: Answer = {word: [self._described(name) for name in names]}
        lonely = [name[0] for name in names if self._is_lonely(name[0])]
        if lonely and word != "undrained":
            answer["warning"] = f"nobody is left in {', '.join(lonely)}: answered 503"
        question.reply(*taken(answer, silent))

    @staticmethod
    def _made(question: Question, answer: Answer, silent: Sequence[int]) -> None:
        question.reply(*taken(answer, silent))

    def _described(self, name: EndpointName) -> str:
        running = self._running(name)
        more = f", {running} still running there" if running else ""
        weight = self._in_force.orders.weights.get(name)
        return spelled(name) + ("" if weight is None else f", weight {weight}") + more

    def _is_lonely(self, pool: str) -> bool:
        orders = self._in_force.orders
        names = self._in_force.candidate.endpoints
        there = [name for name in names if name[0] == pool and is_endpoint(name)]
        return bool(there) and all(
            name in orders.drained or orders.weights.get(name) == 0 for name in there
        )

    # --- waiting -------------------------------------------------------------------------------

    def _running(self, name: EndpointName) -> int:
        column = self._in_force.columns.of.get(name)
        return 0 if column is None else self._in_force.table.total(column + RUNNING)

    def _wait_idle(
        self,
        names: list[EndpointName],
        until: float,
        wait: float,
        question: Question,
        silent: Sequence[int],
    ) -> None:
        left = sum(map(self._running, names))
        if not left or question.is_left:
            told = partial(self._told, question, "drained", names)
            if silent:  # who went on meanwhile has taken it: words come in their order
                self._order([], told)
            else:
                told(silent)
        elif clock.monotonic() >= until:
            text = f"{left} still running there after {spell_duration(wait)}; it stays drained"
            question.reply({"error": f"porch: {text}"})
        else:
            again = partial(self._wait_idle, names, until, wait, question, silent)
            self._loop.after(LOOK, again)

    def _order(self, orders: list[Order], then: Then) -> None:
        """Have all obey, and do `then` when they do."""
        for order in orders:
            self._note(order)
        if orders:
            self._keep()
        self._asking.tell("order", orders, lambda answers: then(pending(answers)))

    def _keep(self) -> None:
        try:
            self._keeping.write(self._in_force.orders)
        except OSError as error:
            self._messages.warn(f"{why(error)}: what was ordered ends with this door")

    def _note(self, order: Order) -> None:
        self._in_force.orders.note(order)
        self._in_force.ordered += 1
        if order.kind == "drained":
            assert isinstance(order.name, tuple)
            why = None if order.value is None else Out(BY_COMMAND, order.value)
            self._in_force.standings.note((order.name, "drained", why))

    # --- by itself -----------------------------------------------------------------------------

    def _end_in_time(self, key: str, closed: Closed | None) -> None:
        """What was said of it before ends now: its timer would hold its page for years."""
        timer = self._opening.pop(key, None)
        if timer is not None:
            timer.cancel()
        if closed is not None and closed.opens is not None:
            seconds = max(0.0, closed.opens - clock.monotonic())
            work = partial(self._open_again, key, closed)
            self._opening[key] = self._loop.after(seconds, work)

    def _open_again(self, key: str, closed: Closed) -> None:
        self._opening.pop(key, None)
        if self._in_force.orders.closed.get(key) is closed:
            self._messages.tell(f"maintenance of {key} is over")
            words: dict[str, object] = {"route": key, "on": False}
            question = self._by_itself("maintenance", "the door: its time is over", words)
            with question.changing():
                opened = partial(self._made, question, {"open": key})
                self._order([Order("closed", key, None)], opened)

    def _take_back(self, name: str, back: Back | None) -> None:
        why = (
            "the door: its words in the file are others"
            if back is None
            else f"the door: {back.why}"
        )
        words: dict[str, object] = {"route": name, "on": back is None}
        question = self._by_itself("canary", f"the door: {why}", words)
        if back is not None:
            self._messages.warn(
                f"the canary of {name} was taken back: {back.why}; porch canary on sends it "
                "requests again"
            )
        with question.changing():
            self._order([Order("back", name, back)], partial(self._made, question, {}))


def _text(question: Question, word: str) -> str:
    value = question.words[word]
    assert isinstance(value, str)  # see operations.py
    return value


def _number(question: Question, word: str) -> float:
    value = question.words.get(word)
    return float(value) if isinstance(value, int | float) else 0.0


def _closed(question: Question) -> Closed:
    """Raises ValueError or OSError with a sentence."""
    words = question.words
    now = clock.wall()
    seconds = _number(question, "for")
    retry_after = _number(question, "retry_after") or seconds or RETRY_AFTER
    allow = words.get("allow")
    texts = [str(each) for each in allow] if isinstance(allow, list) else []
    networks(texts)
    page, file = None, words.get("page")
    if isinstance(file, str) and file:
        page = _page(Path(file))
    return Closed(
        since=now,
        until=now + seconds if seconds else None,
        opens=clock.monotonic() + seconds if seconds else None,
        retry_after=retry_after,
        page=page,
        file=str(file or ""),
        allow=tuple(texts),
    )


def _page(file: Path) -> bytes:
    # Not to wait for who writes into it, should it be a pipe: nobody looks after the workers then.
    with open(os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as opened:
        if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
            raise ValueError(f"{file} is no file; a page is read from one")
        page = opened.read(LARGEST_PAGE + 1)
    if len(page) > LARGEST_PAGE:
        raise ValueError(f"{file} is larger than 1MB; a page is not")
    return page


def _until(key: str, closed: Closed) -> str:
    left = "" if closed.until is None else f" for {spell_duration(closed.until - closed.since)}"
    return f"{key}{left}"
