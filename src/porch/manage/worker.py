"""Worker: one process that serves.

It owns an event loop, its sockets' accepting and the door. What it should do comes from the
supervisor. A new configuration is built beside what runs, a little between two events, and swapped
in by one assignment: no connection notices.
"""

import asyncio
import contextlib
import os
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from functools import partial
from itertools import chain, islice
from pathlib import Path
from socket import socket
from typing import Any

from porch import clock
from porch.config.build import build, building, releasing
from porch.config.handover import unpack
from porch.config.loaded import Loaded
from porch.config.logs import Logs, close_log_files
from porch.config.pools import clients, pools
from porch.config.state import State
from porch.config.steps import Steps, complete
from porch.listen.address import ListenAddress
from porch.listen.door import Door
from porch.listen.listener import Listener
from porch.manage.answering import WORDS, Answering
from porch.manage.cache_keeping import KeptCache, shelf_of
from porch.manage.certs.certifying import Certifying
from porch.manage.certs.managed import Managed
from porch.manage.channel import SHORT, Channel, Message
from porch.manage.checks import Checks
from porch.manage.columns import unpack as unpack_columns
from porch.manage.cores import workers
from porch.manage.discovery.discovering import Discovering
from porch.manage.equipment import Equipment
from porch.manage.health import Health
from porch.manage.own_functions import load_auth, load_with
from porch.manage.parcel import unwrapped
from porch.manage.prepared import Change, Prepared, Retired
from porch.manage.slices import Slices
from porch.manage.ticking import Ticking
from porch.observe.messages import Messages
from porch.tls.certificate import keep_only
from porch.tls.presented import Presenter

__all__ = ["NO_MEMORY", "Worker"]

LOOK = 0.02
"""Seconds between two looks at what is left, at the end."""

FAREWELL = 2.5
"""Seconds behind `grace` in which clients may answer that they were told to leave."""

NO_MEMORY = 71
"""Exit code of a worker that has no memory for a word of its supervisor: it hears nothing any more,
not even that it shall end. Another takes its place."""

ORPHAN_DRAINS = 1.0
"""Seconds in which an orphan serves who waits to be accepted: half of start.TAKE_OVER."""

ON_THE_WAY = 1.0
"""Seconds in which a client whose handshake has begun is here, or will not come."""


class Worker:
    """One serving process.

    Raises ValueError with the report if the configuration cannot be built. channel: to the
    supervisor; its end is the order to finish. messages: to the operator; closed at the end.
    """

    def __init__(self, equipment: Equipment, channel: Channel, messages: Messages) -> None:
        self._equipment = equipment
        self._channel = channel
        self._messages = messages
        self._state = State(pools())
        self._tally = equipment.tally()
        loaded = equipment.loaded
        self._watchers = equipment.watchers(workers(loaded.config.workers))
        logs = self._logs(loaded, equipment.files)
        self._certifying = Certifying(
            self._present,
            lambda hosts: self._send("certified", hosts),
            messages.tell,
            messages.warn,
            gets=equipment.slot == 0,
            send=self._send,
        )
        self._lend(messages)
        self._state.has_certificate = self._certifying.has
        self._state.acme_answer = self._certifying.http_answer
        for standing in equipment.standing:
            self._state.on_told(standing)
        self._state.orders = equipment.orders
        self._answering = Answering(self._state, messages, self._send, equipment)
        self._state.standings.send = lambda standing: self._send("standing", standing)
        looks = equipment.slot == 0
        table = equipment.table, equipment.row
        self._shelf_of = partial(shelf_of, table=table, say=messages.warn)
        self._state.keep_on(self._shelf_of(equipment.cache))
        self._discovering = Discovering(self._state, table, self._send, messages, looks=looks)
        self._discovering.know(equipment.found)
        self._state.make_cells = self._discovering.cells(equipment.columns)
        self._state.begin()
        self._state.workers = workers(loaded.config.workers)
        built = build(loaded, self._state, logs)
        if built is None:
            raise ValueError(loaded.report())
        self._state.commit()
        self._discovering.take(built)
        self._built = built
        self._answering.take(built)
        checks = Checks(clients(), messages.warn) if equipment.slot == 0 else None
        self._health = Health(self._state, checks, self._send)
        complete(self._health.taking(built.upstreams, built.base))
        self._door = Door(built.settings, self._state.deadlines, self._state.crowd)
        self._door.warn = messages.warn
        self._ticking = Ticking(self._door, self._tick, self._flush, self._put_away)
        self._certifying.take(complete(self._certifying.preparing(Managed.of(loaded, built))))
        self._presenter = Presenter(
            self._certifying.presented(built.certificates.presented), equipment.firsts
        )
        self._presenter.challenge = self._certifying.challenge
        self._presenter.demand = self._certifying.on_demand.demand
        self._listeners = [Listener(*each, messages.warn) for each in equipment.sockets.items()]
        self._prepared: Prepared | None = None
        self._slices = Slices(self._on_broken)
        self._retired: list[Retired] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._ending: asyncio.Event | None = None
        self._is_stopping = self._at_once = self._is_orphan = False

    async def serve(self) -> None:
        """Serve until told to stop or finish, and until what runs has ended."""
        loop = asyncio.get_running_loop()
        self._ending = asyncio.Event()
        loop.add_reader(self._channel.fileno(), self._receive)
        self._ticking.start()
        await self._discovering.start()
        for listener in self._listeners:
            self._start(listener)
        self._certifying.start()
        self._health.start()
        self._send("ready")
        await self._ending.wait()
        await self._wind_up()
        loop.remove_reader(self._channel.fileno())
        loop.remove_writer(self._channel.fileno())

    def finish(self) -> None:
        """Serve what waits in the backlog, finish what runs, close no idle connection before its
        client was told, for `grace` seconds at most."""
        self._health.close()
        self._door.finish()
        if self._ending is not None:
            self._ending.set()

    def leave(self) -> None:
        """A signal says so: tell the supervisor, and hand over."""
        self._send("leaving")
        self.hand_over()

    def hand_over(self) -> None:
        """As `finish`, but another worker has the same sockets and takes what waits in them."""
        for listener in self._listeners:
            listener.close()
        self._listeners = []
        self.finish()

    def stop(self) -> None:
        """The door closes: as `finish`, but idle connections close now. Again: at once."""
        self._at_once = self._is_stopping
        self._is_stopping = True
        self.finish()

    # --- what the supervisor says ------------------------------------------------------------

    def _receive(self) -> None:
        self._ticking.wake()
        try:
            messages = self._channel.receive()
        except EOFError:
            self._loop.remove_reader(self._channel.fileno())
            self._is_orphan = True
            self.finish()
            return
        except MemoryError:  # it would be called again at once, and for ever
            os._exit(NO_MEMORY)
        for message in messages:
            try:
                self._take(message)
            except Exception as error:  # it is none of those behind it
                self._messages.fault(error)
                if message.word == "commit":  # half of it is in force: another takes its place
                    self.stop()
                    self.stop()

    def _take(self, message: Message) -> None:
        match message.word:
            case word if word == SHORT:
                self._on_short(message.data)
            case "prepare":
                self._prepare(message.data, message.descriptors)
            case "commit":
                self._commit()
            case "forget":
                self._forget()
            case "reopen":
                files = dict(zip(message.data, message.descriptors, strict=True))
                for logs in (self._built.logs, *(each.logs for each in self._retired)):
                    logs.go_on_with(files)
                close_log_files(files)
            case "stop":
                self.stop()
            case "leave":
                self.hand_over()
            case "given":
                self._built.certificates.give(message.data)
                self._present()
            case "certified":
                self._certifying.on_certified(message.data)
            case "demanded":
                self._certifying.on_demand.on_demanded(message.data)
            case "denied":
                self._certifying.on_demand.on_denied(*message.data)
            case "standing":
                self._state.on_told(message.data)
            case "cache begins":
                self._state.keep_on(self._shelf_of(KeptCache.told(message)))
            case "renew":
                number, host = message.data
                self._certifying.renew(host, lambda told: self._send("answer", (number, told)))
            case word if word in WORDS:
                number, data = message.data
                self._send("answer", (number, self._answering.answer(word, data)))
            case "troubled":
                self._health.on_troubled(message.data)
            case "found":
                self._discovering.on_found(*message.data)
            case "serve out":
                self._serve_out(message.data, message.descriptors)

    def _on_short(self, word: str) -> None:
        """What was handed over did not find room."""
        text = "a worker has no descriptors left (ulimit -n, LimitNOFILE)"
        if word == "prepare":
            self._forget()
            self._send("refused", f"{text}\nnothing was changed, the running configuration stays.")
        else:
            self._messages.warn(f"{text}: not done: {word}")

    def _serve_out(self, addresses: list[ListenAddress], descriptors: Sequence[int]) -> None:
        """Accept from sockets to which nobody comes any more but who was on the way already."""
        for address, number in zip(addresses, descriptors, strict=True):
            listener = Listener(address, socket(fileno=number), self._messages.warn)
            self._listeners.append(listener)
            self._start(listener)
            self._loop.call_later(ON_THE_WAY, self._end, listener)

    def _end(self, listener: Listener) -> None:
        if listener in self._listeners:
            self._listeners.remove(listener)
            self._run(listener.drain())

    def _send(self, word: str, data: object = None) -> None:
        """Nearly always it is taken at once; names that many clients wait for may be more."""
        self._channel.send(word, data)
        if self._channel.is_full:
            self._loop.add_writer(self._channel.fileno(), self._send_rest)

    def _send_rest(self) -> None:
        self._channel.flush()
        if not self._channel.is_full:
            self._loop.remove_writer(self._channel.fileno())

    # --- a new configuration -----------------------------------------------------------------

    def _prepare(self, change: Change, descriptors: Sequence[int]) -> None:
        """Build it in slices, and say when it is done."""
        self._forget()
        self._slices.begin(self._building(change, descriptors))

    def _on_broken(self, error: Exception) -> None:
        """It was not built to its end."""
        self._forget()
        self._send("refused", f"{type(error).__name__}: {error}")

    def _building(self, change: Change, descriptors: Sequence[int]) -> Steps[None]:
        parcel, *descriptors = descriptors
        count = len(change.listen)
        sockets = [socket(fileno=number) for number in descriptors[:count]]
        files = dict(zip(change.files, descriptors[count:], strict=True))
        logs = self._built.logs
        try:
            pieces = unwrapped(parcel)
            columns = yield from unpack_columns(islice(pieces, change.columns))
            loaded = yield from unpack(pieces)
            if not logs.is_for(loaded.config):
                logs = self._logs(loaded, files)
            self._state.begin()
            self._state.make_cells = self._discovering.cells(columns)
            self._state.workers = workers(loaded.config.workers)
            built = yield from building(loaded, self._state, logs)
            if built is None:
                self._drop(sockets, logs)
                self._send("refused", loaded.report(running=True))
                return
            certified = yield from self._certifying.preparing(Managed.of(loaded, built))
        except BaseException:
            self._drop(sockets, logs)
            raise
        finally:
            close_log_files(files)
        pairs = zip(change.listen, sockets, strict=True)
        listeners = [Listener(*each, self._messages.warn) for each in pairs]
        self._prepared = Prepared(built=built, listeners=listeners, certified=certified)
        self._discovering.prepare(built, lambda: self._send("prepared"))
        self._slices.clean_up(releasing(loaded))

    def _drop(self, listening: Iterable[socket | Listener], logs: Logs) -> None:
        """What was made ready for a configuration of which nothing comes."""
        for each in listening:
            each.close()
        if logs is not self._built.logs:
            logs.close()

    def _forget(self) -> None:
        """Nothing comes of what was prepared."""
        prepared, self._prepared = self._prepared, None
        self._slices.stop()
        if prepared is None:
            return
        self._discovering.forget()
        self._drop(prepared.listeners, prepared.built.logs)

    def _commit(self) -> None:
        """One assignment for the routes; addresses that are gone serve what waits and close."""
        prepared, self._prepared = self._prepared, None
        if prepared is None:
            return
        before, built = self._built, prepared.built
        self._built = built
        self._answering.take(built)
        if before.logs is not built.logs:
            sessions = set(self._door.sessions)
            self._retired.append(Retired(logs=before.logs, sessions=sessions))
        self._door.settings = built.settings
        self._certifying.take(prepared.certified)
        self._certifying.start()
        self._present()
        self._discovering.take(built)
        rest = self._state.committing()
        next(rest)
        for listener in prepared.listeners:
            self._start(listener)
        gone = [each for each in self._listeners if each.address not in built.listen]
        self._listeners = [each for each in self._listeners if each not in gone]
        self._listeners += prepared.listeners
        for listener in gone:
            self._run(listener.drain())
        self._send("committed")
        taking = self._health.taking(built.upstreams, built.base)
        self._slices.clean_up(chain(rest, taking, releasing(before)))

    # --- the end -----------------------------------------------------------------------------

    async def _wind_up(self) -> None:
        """Serve what waits to be accepted, finish what runs, for `grace` seconds at most."""
        self._forget()
        until = clock.monotonic() + self._built.grace
        listeners, self._listeners = self._listeners, []
        for listener in listeners:
            self._run(self._drain(listener))
        # Looked at and not waited for: a second order must be seen as well.
        while (self._door.sessions or self._tasks) and clock.monotonic() < until:
            await asyncio.sleep(LOOK)  # at least once: a request that has arrived is read by then
            if self._at_once:
                break
            is_short = any(each.is_short for each in listeners)  # those who only wait have some
            if self._is_stopping and (is_short or not self._tasks) and not self._door.draining:
                self._door.drain()
        self._door.close_now()
        until = clock.monotonic() + FAREWELL
        while self._door.sessions and clock.monotonic() < until and not self._at_once:  # noqa: ASYNC110
            await asyncio.sleep(LOOK)
        self.close()

    async def _drain(self, listener: Listener) -> None:
        """Serve who waits. Without a supervisor the address is soon wanted by the next one."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(listener.drain(), ORPHAN_DRAINS if self._is_orphan else None)

    def close(self) -> None:
        """Give everything back. `serve` does so at its end; else who gives up before it."""
        for listener in self._listeners:
            listener.close()
        self._ticking.close()
        self._certifying.close()
        self._health.close()
        self._discovering.close()
        self._state.close()
        ending = [*(each.logs for each in self._retired), self._built.logs]
        for logs in ending:
            logs.close()
        for logs in ending:
            logs.wait()
        self._messages.close()

    # --- time --------------------------------------------------------------------------------

    @property
    def _loop(self) -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    def _logs(self, loaded: Loaded, files: Mapping[Path, int]) -> Logs:
        seen, lost = self._watchers, self._equipment.lost()
        return Logs.of(loaded.config, loaded.base, self._messages, files, seen, lost)

    def _lend(self, messages: Messages) -> None:
        """What the configuration has of this process: code of the operator's, and the means to ask
        others."""
        load_with(self._state, messages)
        tables, row = self._equipment.tables, self._equipment.row
        self._state.crowd, self._state.limit_row = tables.crowd.row(row), tables.limits.row(row)
        warn = messages.warn
        self._state.auth.serve(clients(), self._run, partial(load_auth, warn), warn)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _present(self) -> None:
        """Show the certificates of now."""
        presented = self._certifying.presented(self._built.certificates.presented)
        self._presenter.presented = presented
        on_demand = self._certifying.on_demand
        self._presenter.demand = on_demand.demand
        keep_only(chain(presented.by_host.values(), on_demand.certificates))

    def _start(self, listener: Listener) -> None:
        listener.start(self._door, self._presenter.choose if listener.address.tls else None)

    def _tick(self, late: float) -> bool:
        """See Ticking: nothing has a deadline, and no task sleeps but the one that serves."""
        clock.tick()
        self._state.tick()
        self._health.tick()
        self._answering.tick()
        self._door.rates.tick()
        tasks = self._tally.count(self._door, self._state, late)
        return not len(self._state.deadlines) and tasks <= 1 and not self._health.waits

    def _put_away(self) -> None:
        self._built.logs.put_away()

    def _flush(self) -> None:
        self._built.logs.flush()
        self._answering.flush()
        self._messages.flush()
        for each in [*self._retired]:
            each.sessions &= self._door.sessions
            if each.sessions:
                each.logs.flush()
            else:
                each.logs.close()
                self._retired.remove(each)
