"""`porch certs`, `check` and `renew` beside no door, with a name server and a store of our own."""

import errno
import json
import os
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import dns.resolver
import pytest

import porch.certs.files
from porch.certs import backoff, moments
from porch.certs.authority import PRESETS
from porch.certs.failure import IssueError
from porch.certs.kept import find_entry, keep_entry
from porch.certs.store import FileStore
from porch.cli import certs, main
from porch.cli.certs import check_name, renew_name, show_certs
from porch.clock import wall
from tests.certs.test_shelf import entry
from tests.support.handshake import files
from tests.support.ports import free_port
from tests.support.resolving import NameServer

LISTEN = 'listen = ["127.0.0.1:0", "https://127.0.0.1:0"]\n'
ROUTES = '[routes]\n"shop.dev" = ":1"\n"a.localhost" = ":1"\n"*.shop.dev" = ":1"\n'


class Door:
    """A configuration whose door does not run."""

    def __init__(self, folder: Path) -> None:
        self.config = folder / "porch.toml"
        self.store = folder / "state"
        self.write(LISTEN + ROUTES)

    def write(self, text: str) -> None:
        self.config.write_text(text)

    def check(self, name: str, resolver: dns.resolver.Resolver | None = None, **more: Any) -> int:
        words: dict[str, Any] = {"as_json": False, **more}
        ports = free_port(), free_port()
        return check_name(self.config, name, ports=ports, resolver=resolver, **words)


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Door:
    made = Door(tmp_path)
    monkeypatch.setenv("STATE_DIRECTORY", str(made.store))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return made


@pytest.fixture
def server() -> Iterator[NameServer]:
    with NameServer() as made:
        yield made


# --- porch certs -----------------------------------------------------------------------------


def test_all_hosts_are_shown_a_line_each(door: Door, capsys: pytest.CaptureFixture[str]) -> None:
    assert show_certs(door.config, as_json=False) == 0
    assert [line.split()[:4] for line in capsys.readouterr().out.splitlines()[1:]] == [
        ["a.localhost", "local", "-", "none"],
        ["shop.dev", "acme", "-", "none"],
    ]


def test_json_is_for_programs(door: Door, capsys: pytest.CaptureFixture[str]) -> None:
    assert renew_name(door.config, "a.localhost") == 0
    capsys.readouterr()
    assert show_certs(door.config, as_json=True) == 0
    found = {each["name"]: each for each in json.loads(capsys.readouterr().out)["certificates"]}
    assert found["a.localhost"]["days_left"] in (6, 7)
    assert found["shop.dev"]["not_after"] is None


def test_those_that_were_got_on_demand_are_shown_too(
    door: Door, capsys: pytest.CaptureFixture[str]
) -> None:
    keep_entry(FileStore(door.store), entry("x.shop.example"))
    routes = '[routes]\n"*" = ":1"\n'
    door.write(f'{LISTEN}[acme]\non_demand = "py:shop:ask"\n{routes}')
    assert show_certs(door.config, as_json=False) == 0
    (line,) = capsys.readouterr().out.splitlines()[1:]
    assert line.split()[:2] == ["x.shop.example", "acme"]
    assert renew_name(door.config, "x.shop.example") == 1
    assert "no door runs that would answer the authority" in capsys.readouterr().err
    door.write(f'{LISTEN}{routes}"a.test" = ":1"\n')
    assert show_certs(door.config, as_json=False) == 0
    assert "x.shop.example" not in capsys.readouterr().out


def test_files_alone_need_no_store(
    door: Door, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cert, key = files(tmp_path, "a.test")
    site = f'[site."a.test"]\ncert = "{cert}"\nkey = "{key}"\n'
    door.write(f'{LISTEN}[routes]\n"a.test" = ":1"\n{site}')
    assert show_certs(door.config, as_json=False) == 0
    assert re.search(r"^a\.test +files .* by hand$", capsys.readouterr().out, re.MULTILINE)
    assert not door.store.exists()


def test_a_door_without_https_has_none(door: Door, capsys: pytest.CaptureFixture[str]) -> None:
    door.write(f'listen = "127.0.0.1:0"\n{ROUTES}')
    assert show_certs(door.config, as_json=False) == 0
    assert capsys.readouterr().out.startswith("no name has a certificate")


def test_what_is_wrong_is_exit_1_for_all_of_them(
    door: Door, capsys: pytest.CaptureFixture[str]
) -> None:
    door.store.touch()
    for command in (
        lambda: show_certs(door.config, as_json=False),
        lambda: door.check("shop.dev"),
        lambda: renew_name(door.config, "shop.dev"),
    ):
        assert command() == 1
        assert str(door.store) in capsys.readouterr().err
    door.write("hello")
    assert show_certs(door.config, as_json=False) == door.check("shop.dev") == 1
    assert str(door.config) in capsys.readouterr().err


def test_the_file_may_be_named_before_the_word_or_behind(
    door: Door, capsys: pytest.CaptureFixture[str]
) -> None:
    config = str(door.config)
    assert main(["certs", "--config", config, "renew", "a.localhost"]) == 0
    assert main(["certs", "renew", "A.localhost.", "--config", config]) == 0
    assert main(["certs", "--config", config]) == 0
    assert "a.localhost" in capsys.readouterr().out


@pytest.mark.parametrize("as_json", [False, True])
def test_a_store_that_is_full_or_open_to_others_is_on_stderr_with_exit_1(
    door: Door,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    as_json: bool,
) -> None:
    assert show_certs(door.config, as_json=as_json) == 0
    capsys.readouterr()
    keep_entry(FileStore(door.store), entry("shop.dev"))
    (door.store / "certificates" / "shop.dev.kept").chmod(0o644)

    def full(folder: Path, content: bytes) -> Path:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(porch.certs.files, "beside", full)
    assert show_certs(door.config, as_json=as_json) == 1
    said = capsys.readouterr()
    assert "shop.dev" in said.out
    first, second = said.err.splitlines()
    assert first == (
        f"porch: nothing can be kept: {door.store} cannot be written into: the disk is full (or"
        " the quota of this user is); make room. What was kept before is still there"
    )
    assert second.startswith("porch: others have rights to what is in the store")
    assert f"chmod -R go= {door.store}" in second


def test_a_damaged_root_is_told_with_the_way_out(
    door: Door, capsys: pytest.CaptureFixture[str]
) -> None:
    assert renew_name(door.config, "a.localhost") == 0
    root = door.store / "local" / "root.kept"
    root.write_bytes(b"?")
    assert show_certs(door.config, as_json=False) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert f"failed: the root of the local authority is damaged: put {root} back" in text
    assert "or remove it and a new one is made; then run porch trust anew" in text
    for command in (door.check, lambda name: renew_name(door.config, name)):
        assert command("a.localhost") == 1
        assert "then run porch trust anew" in capsys.readouterr().err
    root.unlink()
    assert renew_name(door.config, "a.localhost") == 0


# --- check -----------------------------------------------------------------------------------


def test_a_name_that_dns_does_not_know_is_in_the_way(
    door: Door, server: NameServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert door.check("shop.dev", server.resolver()) == 1
    out = capsys.readouterr().out
    assert out.startswith("shop.dev\n")
    assert "Nothing was ordered" in out


def test_a_name_is_meant_as_routes_mean_it(
    door: Door, server: NameServer, capsys: pytest.CaptureFixture[str]
) -> None:
    door.check("Shop.DEV.", server.resolver())
    assert capsys.readouterr().out.startswith("shop.dev\n")
    assert door.check("A.localhost") == 0
    assert "authority of this machine" in capsys.readouterr().out


def test_a_name_that_nobody_vouches_for_is_said_with_the_way_out(
    door: Door, capsys: pytest.CaptureFixture[str]
) -> None:
    door.write(f'{LISTEN}[routes]\n"shop" = ":1"\n')
    assert door.check("shop") == 1
    assert "may not vouch for shop, and no public one does" in capsys.readouterr().err


def test_records_that_forbid_the_authority_are_found_under_its_own_name(
    door: Door, server: NameServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.add("shop.dev", "A", "203.0.113.7").add("shop.dev", "CAA", '0 issue "pki.goog"')
    assert door.check("shop.dev", server.resolver(), as_json=True) == 1
    findings = {each["what"]: each for each in json.loads(capsys.readouterr().out)["findings"]}
    assert findings["CAA"]["state"] == "fail"
    door.write(f'{LISTEN}[acme]\ndirectory = "google"\n{ROUTES}')
    door.check("shop.dev", server.resolver(), as_json=True)
    findings = {each["what"]: each for each in json.loads(capsys.readouterr().out)["findings"]}
    assert findings["CAA"]["state"] == "ok"


def test_what_is_left_of_the_authoritys_limits_is_told(
    door: Door, server: NameServer, capsys: pytest.CaptureFixture[str]
) -> None:
    door.check("shop.dev", server.resolver())
    assert "all of the 5 certificates for exactly these names" in capsys.readouterr().out
    store = FileStore(door.store)
    directory = PRESETS["letsencrypt"].directory
    now = moments.now().replace(microsecond=0)
    record = backoff.Record()
    for _ in range(2):
        limits = {directory: now + timedelta(hours=2)}
        record = backoff.failed(record, IssueError("unauthorized", "no"), limits, now)
    backoff.keep(store, "shop.dev", record)
    assert door.check("shop.dev", server.resolver()) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "the authority has asked not to be asked for shop.dev again before" in out
    assert "3 of the 5 failed validations of the name by this account" in out
    show_certs(door.config, as_json=True)
    found = {each["name"]: each for each in json.loads(capsys.readouterr().out)["certificates"]}
    assert found["shop.dev"]["next_try"] == moments.text(now + timedelta(hours=2))
    door.write(f'{LISTEN}[acme]\ndirectory = "https://ca.shop.dev/"\n{ROUTES}')
    door.check("shop.dev", server.resolver())
    assert "certificates for exactly these" not in capsys.readouterr().out


def test_a_wildcard_is_refused_before_anybody_is_asked(
    door: Door, server: NameServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert door.check("*.shop.dev", server.resolver()) == 1
    assert "dns-01 only" in capsys.readouterr().out
    assert server.asked == []
    door.write(f'{LISTEN}acme.dns = {{ provider = "persist" }}\n{ROUTES}')
    server.add("*.shop.dev", "A", "203.0.113.7")
    door.check("*.shop.dev", server.resolver())
    assert "dns-01 only" not in capsys.readouterr().out
    assert server.asked != []


def test_a_companys_own_authority_is_not_bound_to_the_internet(
    door: Door, server: NameServer, capsys: pytest.CaptureFixture[str]
) -> None:
    routes = LISTEN + '[routes]\n"shop.corp" = ":1"\n'
    server.add("shop.corp", "A", "10.255.255.1")
    for directory, code in (("letsencrypt", 1), ("https://ca.corp/dir", 0)):
        door.write(f'acme.directory = "{directory}"\n{routes}')
        assert door.check("shop.corp", server.resolver()) == code
    out = capsys.readouterr().out
    assert "no public authority can issue for 'shop.corp'" in out
    assert "the authority can issue for shop.corp" in out


def test_where_nobody_is_asked_there_is_nothing_to_check(
    door: Door, capsys: pytest.CaptureFixture[str]
) -> None:
    door.write(f"{LISTEN}acme = false\n{ROUTES}")
    assert door.check("shop.dev") == 1
    assert "acme = false" in capsys.readouterr().err


def test_a_machine_without_a_name_server_is_told_so(
    door: Door, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def none(*_: object) -> None:
        raise dns.resolver.NoResolverConfiguration

    monkeypatch.setattr(dns.resolver.Resolver, "read_resolv_conf", none)
    assert door.check("shop.dev") == 1
    assert "no name server" in capsys.readouterr().err


# --- renew -----------------------------------------------------------------------------------


def test_a_local_one_is_made_anew_each_time(door: Door, capsys: pytest.CaptureFixture[str]) -> None:
    chains = []
    for _ in range(2):
        assert renew_name(door.config, "a.localhost") == 0
        entry = find_entry(FileStore(door.store), "a.localhost")
        assert entry is not None
        assert entry.not_after > wall()
        chains.append(entry.chain)
    assert chains[0] != chains[1]
    said = "a.localhost has a new certificate; no door runs: this command has got it\n"
    assert capsys.readouterr().out == said * 2


def test_a_door_that_runs_is_asked_and_nothing_is_done_here(
    door: Door, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers: list[Any] = [
        {"renewed": "a.localhost", "said": "it has one", "certificate": "until then"},
        {"renewing": "a.localhost; porch audit tells"},
        {"error": "porch: a.localhost: no"},
        OSError("timed out"),
    ]
    asked: list[Any] = []

    def ask(config: Path, *words: Any, patience: float) -> Any:
        asked.append((*words, patience))
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer

    monkeypatch.setattr(certs, "ask", ask)
    assert [renew_name(door.config, "a.localhost") for _ in range(4)] == [0, 1, 1, 1]
    word, words, patience = asked[0]
    assert (word, words["host"]) == ("renew", "a.localhost")
    assert patience > words["wait"] > 0
    said = capsys.readouterr()
    assert said.out == "it has one; the door that runs has got it\n"
    assert said.err.splitlines() == [
        "porch: it is not over yet: a.localhost; porch audit tells",
        "porch: a.localhost: no",
        "porch: the door does not answer: timed out",
    ]
    assert not door.store.exists()


def test_without_a_door_nobody_would_answer_the_authority(
    door: Door, capsys: pytest.CaptureFixture[str]
) -> None:
    assert renew_name(door.config, "shop.dev") == 1
    said = f"shop.dev: no door runs that would answer the authority; porch run {door.config} starts"
    assert said in capsys.readouterr().err
    assert FileStore(door.store).names("backoff/") == []


def test_another_process_that_makes_it_is_left_to_do_so(
    door: Door, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = FileStore(door.store).lock("issue/a.localhost", 60)
    assert lock is not None
    assert renew_name(door.config, "a.localhost") == 1
    said = capsys.readouterr().err
    assert f"a.localhost: process {os.getpid()} on {os.uname().nodename} gets one" in said
    lock.release()
    assert renew_name(door.config, "a.localhost") == 0


@pytest.mark.parametrize(
    ("name", "words", "why"),
    [
        ("shpo.dev", "", "no route is for it; did you mean shop.dev?"),
        ("*.shop.dev", "", "a wildcard is proved by DNS; name a provider"),
        ("shop.dev", "acme = false\n", "acme = false, so that no authority is asked for it"),
        ("shop.dev", 'site."shop.dev".cert = false\n', "its site says cert = false; take that out"),
        ("a..b", "", "no route is for it"),
    ],
)
def test_a_host_that_the_door_gets_none_for_is_said_with_the_way_out(
    door: Door, capsys: pytest.CaptureFixture[str], name: str, words: str, why: str
) -> None:
    door.write(words + LISTEN + ROUTES)
    assert renew_name(door.config, name) == 1
    assert capsys.readouterr().err.startswith(f"porch: {name}: {why}")


def test_files_and_plain_doors_are_not_renewed(
    door: Door, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cert, key = files(tmp_path, "shop.dev")
    site = f'[site."shop.dev"]\ncert = "{cert}"\nkey = "{key}"\n'
    door.write(LISTEN + ROUTES + site)
    assert renew_name(door.config, "shop.dev") == 1
    assert "its files are given" in capsys.readouterr().err
    door.write(f'listen = "127.0.0.1:0"\n{ROUTES}')
    assert renew_name(door.config, "shop.dev") == 1
    assert "no address of this door speaks HTTPS" in capsys.readouterr().err
