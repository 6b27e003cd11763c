"""Stores do what a plain list would, whatever is done in whatever order."""

import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from porch.cache.bans import host_of
from porch.cache.entry import Entry
from porch.cache.memory_store import MemoryStore
from porch.cache.store import SMALL, Spool, Store
from tests.support.storing import body_of, disk, key

NAMES = st.sampled_from(["x/1", "x/2", "y"])
VARY = st.sampled_from([[], [(b"accept", b"a")], [(b"accept", b"b")]])
TAGS = st.lists(st.sampled_from([b"t", b"u"]), max_size=2, unique=True)
SIZES = st.sampled_from([0, 10, 5000, SMALL, SMALL + 1, 70_000])
HOSTS = st.sampled_from([b"a.test", b"b.test"])
PURGES = st.sampled_from(
    [
        ("url", b"https://a.test/x/1"),
        ("url", b"https://b.test/y"),
        ("prefix", b"https://a.test/x/"),
        ("prefix", b"https://b"),
        ("host", b"a.test"),
        ("tag", b"t"),
        ("tag", b"u"),
        ("all", b""),
    ]
)


class Kept:
    """One answer of the model. is_gone: purged for good."""

    def __init__(self, entry: Entry, body: bytes, is_soft: bool) -> None:
        self.entry = entry
        self.body = body
        self.is_soft = is_soft
        self.is_gone = False


def fits(entry: Entry, name: str, purge: tuple[str, bytes]) -> bool:
    scope, value = purge
    return {
        "url": entry.url == value,
        "prefix": entry.url.startswith(value),
        "host": host_of(entry.url) == value,
        "tag": value in entry.tags,
        "all": True,
        "key": name.encode() == value,
    }[scope]


class Machine(RuleBasedStateMachine):
    """store: what is tried."""

    def open(self) -> Store:
        raise NotImplementedError

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.store = self.open()
        self.kept: dict[str, list[Kept]] = {}
        self.log: list[tuple[str, bytes, bool]] = []
        self.moments = [(self.store.moment(), 0)]
        self.swept = 0
        self.spools: list[tuple[str, Spool, Entry, bytes, int]] = []
        self.count = 0
        self.generations: dict[str, int] = {}

    def teardown(self) -> None:
        for _, spool, *_ in self.spools:
            spool.abandon()
        self.stack.close()

    def entry(self, name: str, length: int, vary, tags, host: bytes) -> Entry:
        self.count += 1
        url = b"https://" + host + b"/" + name.encode()
        fields = [(b"n", b"%d" % self.count), (b"etag", b'"x"')]
        return Entry(200, fields, length, 1.0, 0.0, 9.0, "none", vary=vary, tags=tags, url=url)

    def body(self, size: int) -> bytes:
        return (b"%d." % self.count * size)[:size]

    def verdict(self, entry: Entry, name: str, since: int) -> tuple[bool, bool]:
        """Whether what was asked for at this place of the log is gone by now, or soft."""
        since_then = self.log[since:]
        fitting = [soft for scope, value, soft in since_then if fits(entry, name, (scope, value))]
        return False in fitting, True in fitting

    def put(self, name: str, entry: Entry, body: bytes, since: int, ident: bytes | None) -> None:
        is_gone, is_soft = self.verdict(entry, name, since)
        if ident is None:
            # Where a ban was dropped since, nobody knows any more.
            assert is_gone or since < self.swept
            return
        assert not is_gone
        others = [each for each in self.kept.get(name, []) if each.entry.vary != entry.vary]
        self.kept[name] = [Kept(entry, body, is_soft), *others]

    @rule(name=NAMES, size=SIZES, vary=VARY, tags=TAGS, host=HOSTS, back=st.integers(0, 3))
    def save(self, name, size, vary, tags, host, back) -> None:
        moment, since = self.moments[max(0, len(self.moments) - 1 - back)]
        entry = self.entry(name, size, vary, tags, host)
        body = self.body(size)
        ident = self.store.save(key(name), entry, body, moment)
        self.put(name, entry, body, since, ident)

    @rule(name=NAMES, size=SIZES, vary=VARY, tags=TAGS, host=HOSTS)
    def begin_spool(self, name, size, vary, tags, host) -> None:
        if len(self.spools) < 3:
            entry = self.entry(name, size, vary, tags, host)
            spool = self.store.spool(key(name), entry, self.store.moment())
            self.spools.append((name, spool, entry, self.body(size), len(self.log)))

    @precondition(lambda self: self.spools)
    @rule(ends=st.booleans())
    def end_spool(self, ends: bool) -> None:
        name, spool, entry, body, since = self.spools.pop(0)
        growths = self.store.follow(key(name))
        found = [each for each in growths if each.entry == entry]
        if any(self.verdict(entry, name, since)):
            assert not found, "who comes now must not have it"
        if not found:  # a store that has forgotten purges takes what is older for purged
            assert self.store.moment() > 0
            spool.abandon()
            return
        (growth,) = found
        assert spool.write(body[:100])
        assert spool.write(body[100:])
        if not ends:
            spool.abandon()
            assert growth.state() == "failed"
            return
        ident = spool.finish(entry)
        assert (growth.size(), growth.state()) == (len(body), "complete")
        self.put(name, entry, body, since, ident)

    @rule(name=NAMES, which=st.integers(0, 2), tags=TAGS, host=HOSTS, back=st.integers(0, 2))
    def freshen(self, name, which, tags, host, back) -> None:
        variants = self.store.variants(key(name))
        if which >= len(variants):
            return
        moment, since = self.moments[max(0, len(self.moments) - 1 - back)]
        vary = variants[which].vary
        (kept,) = [each for each in self.kept[name] if each.entry.vary == vary]
        entry = self.entry(name, len(kept.body), vary, tags, host)
        is_gone, is_soft = self.verdict(entry, name, since)
        if self.store.freshen(key(name), variants[which].ident, entry, moment):
            assert not is_gone
            assert not kept.is_gone
            kept.entry, kept.is_soft = entry, is_soft
            self.kept[name].remove(kept)
            self.kept[name].insert(0, kept)
        else:
            assert is_gone or kept.is_gone or since < self.swept
            self.kept[name].remove(kept)

    @rule(name=NAMES)
    def forget(self, name) -> None:
        listed = self.store.variants(key(name))
        assert self.store.forget(key(name)) == bool(listed)
        self.kept.pop(name, None)
        self.log.append(("key", name.encode(), False))

    @rule(name=NAMES, which=st.integers(0, 2))
    def remove(self, name, which) -> None:
        variants = self.store.variants(key(name))
        if which < len(variants):
            assert self.store.remove(key(name), variants[which].ident)
            vary = variants[which].vary
            self.kept[name] = [each for each in self.kept[name] if each.entry.vary != vary]

    @rule(purge=PURGES, soft=st.booleans())
    def purge(self, purge, soft: bool) -> None:
        self.store.purge(*purge, soft=soft)
        self.log.append((*purge, soft))
        for name, all_kept in self.kept.items():
            for each in all_kept:
                if fits(each.entry, name, purge):
                    each.is_soft = each.is_soft or soft
                    each.is_gone = each.is_gone or not soft

    @rule()
    def look_at_the_time(self) -> None:
        self.moments.append((self.store.moment(), len(self.log)))

    @rule()
    def sweep(self) -> None:
        for _ in range(10):
            self.store.sweep()
        self.swept = len(self.log)

    @invariant()
    def has_what_the_model_has(self) -> None:
        for name in ("x/1", "x/2", "y"):
            loaded = [self.store.load(each.ident) for each in self.store.variants(key(name))]
            found = [
                (each.entry, body_of(each), each.is_purged) for each in loaded if each is not None
            ]
            kept = [each for each in self.kept.get(name, []) if not each.is_gone]
            assert found == [(each.entry, each.body, each.is_soft) for each in kept]

    @invariant()
    def counts_what_there_is(self) -> None:
        stat = self.store.stat()
        assert stat.growing == len(self.spools)
        assert stat.objects >= sum(
            not each.is_gone for all_kept in self.kept.values() for each in all_kept
        )
        assert stat.evicted == stat.refused == stat.damaged == 0


class OnDisk(Machine):
    def open(self) -> Store:
        folder = Path(tempfile.mkdtemp(prefix="porch-"))
        self.stack.callback(shutil.rmtree, folder)
        return self.stack.enter_context(disk(folder / "store"))[0]


class InMemory(Machine):
    def open(self) -> Store:
        return MemoryStore(16 << 20)


TestOnDisk = OnDisk.TestCase
TestOnDisk.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestInMemory = InMemory.TestCase
TestInMemory.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
