#!/usr/bin/env python3
"""Score a caching proxy with a checkout of the public suite http-tests/cache-tests.

    scripts/cache_conformance.py --suite CHECKOUT --base http://127.0.0.1:PROXY --origin-port ORIGIN
    scripts/cache_conformance.py --suite CHECKOUT --score RAW.json [RAW.json ...]

CHECKOUT is a clone with `npm install --omit=dev` done; nothing of it is copied or changed. The
proxy is started by the caller, with http://127.0.0.1:ORIGIN as its only upstream and nothing kept;
`scripts/conformance` does so with Porch. The suite's origin is started here, on loopback alone and
in an empty folder, since left to itself it listens everywhere and serves files. A run takes a
minute, nearly all of it pauses.

How a result counts (the rules of the suite's own result page):
  pass        the behaviour was seen, and every test that this one depends on passed too; of a
              `check` it is "yes", which is neither good nor bad
  fail        required: a fault; optimal: a missed chance; check: "no"
  dependency  a test that it depends on did not pass, so that nothing is learnt
  setup       the steps before the checked one did not work
  retry       the proxy sent a request twice
  harness     no answer within 10 s
With several runs a test's result is what most of them gave, and those that differed are told.
Ends with 0; 1 if fewer passed than --min-required or --min-optimal; 2 if nothing could be run.
"""

import argparse
import http.client
import ipaddress
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import SplitResult, urlsplit

KINDS = ("required", "optimal", "check")
OUTCOMES = ("pass", "fail", "setup", "dependency", "retry", "harness", "untested")
Test = dict[str, Any]
Raw = dict[str, Any]
"""What the suite's client gives: test -> true, or [kind of error, message]."""
PATIENCE = 900.0
LOOPBACK_ONLY = """'use strict';
const net = require('net');
const original = net.Server.prototype.listen;
net.Server.prototype.listen = function (port, ...rest) {
  if (typeof port === 'object' || typeof rest[0] === 'string') {
    return original.call(this, port, ...rest);
  }
  return original.call(this, { port: Number(port), host: '127.0.0.1' }, ...rest);
};
"""
LIST_TESTS = """
const suites = (await import(process.argv[1])).default;
console.log(JSON.stringify(suites.flatMap(s => s.tests.map(t => ({
  id: t.id, group: s.id, kind: t.kind || 'required',
  needs: t.depends_on || [], browser: t.browser_only === true })))));
"""


def stop(text: str) -> NoReturn:
    """Nothing could be run."""
    print(text, file=sys.stderr)
    sys.exit(2)


# --- scoring -------------------------------------------------------------------------------------


def list_tests(suite: Path) -> list[Test]:
    """Every test's id, group, kind and dependencies, asked of the checkout itself."""
    index = (suite / "tests" / "index.mjs").resolve()
    if not index.is_file():
        stop(f"{suite} is no checkout of http-tests/cache-tests: it has no tests/index.mjs")
    command = ["node", "--input-type=module", "-e", LIST_TESTS, index.as_uri()]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        stop("the suite needs node, version 20 or later, which is not installed")
    if done.returncode:
        stop(f"the tests cannot be listed:\n{done.stderr}")
    found: list[Test] = json.loads(done.stdout)
    return found


def own_outcome(got: Any) -> str:
    """What one raw result is, whatever its test depends on."""
    if got is None:
        return "untested"
    if got is True:
        return "pass"
    error, message = ([*got, "", ""])[:2] if isinstance(got, list) else ("", "")
    if error == "Setup":
        return "retry" if message == "retry" else "setup"
    return "harness" if error == "AbortError" else "fail"


def judge(tests: list[Test], raw: Raw) -> dict[str, str]:
    """The outcome of each test, dependencies honoured. Those for browsers alone are left out."""
    by_id = {test["id"]: test for test in tests}
    known: dict[str, str] = {}

    def outcome(name: str) -> str:
        if name not in known:
            known[name] = "untested"  # a cycle would end here
            if name in raw and name in by_id:
                needs = by_id[name]["needs"]
                is_known = all(outcome(each) == "pass" for each in needs)
                known[name] = own_outcome(raw[name]) if is_known else "dependency"
        return known[name]

    return {test["id"]: outcome(test["id"]) for test in tests if not test["browser"]}


def merge(raws: list[Raw]) -> tuple[Raw, dict[str, list[str]]]:
    """What most runs gave of each test (a tie is no pass), and the tests that differed."""
    merged: Raw = {}
    unstable: dict[str, list[str]] = {}
    for name in {name: None for raw in raws for name in raw}:
        seen = [raw.get(name) for raw in raws]
        others = [each for each in seen if each is not True and each is not None]
        if sum(each is True for each in seen) * 2 > len(seen):
            merged[name] = True
        elif others:
            merged[name] = max(others, key=others.count)
        shown = ["pass" if each is True else " ".join(each or ["none"])[:100] for each in seen]
        if len({own_outcome(each) for each in seen}) > 1:
            unstable[name] = shown
    return merged, unstable


def totals(tests: list[Test], outcome: dict[str, str], by: str) -> dict[str, dict[str, list[str]]]:
    """by: "kind" or "group" of a test -> "required: pass" and so on -> the tests."""
    found: dict[str, dict[str, list[str]]] = {}
    for test in tests:
        if test["id"] in outcome:
            row = found.setdefault(test[by], {})
            row.setdefault(f"{test['kind']}: {outcome[test['id']]}", []).append(test["id"])
    return found


def report(tests: list[Test], raws: list[Raw], *, groups: bool) -> tuple[str, dict[str, int]]:
    """All that came of it as text, and the passes of each kind."""
    raw, unstable = merge(raws)
    outcome = judge(tests, raw)
    found = totals(tests, outcome, "kind")
    lines = [f"{'':<10}" + "".join(f"{each:>12}" for each in ("tests", *OUTCOMES))]
    passes: dict[str, int] = {}
    for kind in KINDS:
        row = [len(found.get(kind, {}).get(f"{kind}: {each}", ())) for each in OUTCOMES]
        passes[kind] = row[0]
        lines.append(f"{kind:<10}" + "".join(f"{each:>12}" for each in (sum(row), *row)))
    if groups:
        lines += ["", f"{'':<22}" + "".join(f"{each:>12}" for each in KINDS)]
        for group, row_of in totals(tests, outcome, "group").items():
            cells = (_share(row_of, kind) for kind in KINDS)
            lines.append(f"{group:<22}" + "".join(f"{each:>12}" for each in cells))
    for kind in KINDS[:2]:
        lines += ["", f"{kind}, not passed:"]
        for test in tests:
            if test["kind"] == kind and outcome.get(test["id"], "pass") != "pass":
                lines.append(f"  {_why(test, outcome, raw)}")
    lines += ["", "differed between runs:"] if unstable else []
    lines += [f"  {name}: {', '.join(shown)}" for name, shown in unstable.items()]
    return "\n".join(lines), passes


def _share(row: dict[str, list[str]], kind: str) -> str:
    """The passes of a kind among all its tests in a group."""
    of_kind = {name: tests for name, tests in row.items() if name.startswith(f"{kind}: ")}
    count = sum(map(len, of_kind.values()))
    return f"{len(of_kind.get(f'{kind}: pass', ()))}/{count}" if count else ""


def _why(test: Test, outcome: dict[str, str], raw: Raw) -> str:
    said = outcome[test["id"]]
    got = raw.get(test["id"])
    why = got[1] if isinstance(got, list) else ""
    if said == "dependency":
        why = f"needs {', '.join(each for each in test['needs'] if outcome.get(each) != 'pass')}"
    return f"{test['id']} ({said}): {why[:160]}"


# --- running -------------------------------------------------------------------------------------


def environment(**values: str) -> dict[str, str]:
    """The suite reads its settings from what npm would set; an empty one counts only under the
    second name."""
    left = ("NODE_OPTIONS", "HTTP_PROXY", "http_proxy")
    found = {name: value for name, value in os.environ.items() if name not in left}
    for name, value in values.items():
        found[f"npm_config_{name}"] = found[f"npm_package_config_{name}"] = value
    return found


@contextmanager
def origin(suite: Path, port: int, scratch: Path) -> Iterator[None]:
    """The suite's origin, on loopback alone."""
    hook, said = scratch / "loopback.cjs", scratch / "origin.log"
    hook.write_text(LOOPBACK_ONLY)
    (empty := scratch / "empty").mkdir()
    server = (suite / "test-engine/server/server.mjs").resolve()
    with said.open("wb") as output:
        process = subprocess.Popen(
            ["node", "--require", str(hook), str(server)],
            cwd=empty,
            env=environment(protocol="http", port=str(port), pidfile=str(scratch / "origin.pid")),
            stdout=output,
            stderr=output,
        )
    try:
        for _ in range(100):
            if process.poll() is not None:
                stop(f"the suite's origin ended at once:\n{said.read_text()}")
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        else:
            stop("the suite's origin does not come up")
        yield
    finally:
        process.terminate()
        process.wait()


def preflight(base: SplitResult) -> None:
    """The client tells the origin what to do by a PUT through the proxy: does that work at all?"""
    why = ""
    for _ in range(20):
        try:
            asked = http.client.HTTPConnection(base.hostname or "", base.port, timeout=10)
            kind = {"content-type": "application/json"}
            asked.request("PUT", f"/config/{uuid.uuid4()}", "[]", kind)
            status = asked.getresponse().status
            asked.close()
            if status == 201:
                return
            why = f"a PUT through the proxy was answered {status}, not 201"
        except OSError as error:
            why = f"no answer from the proxy: {error}"
        time.sleep(0.5)
    stop(why)


def run_client(suite: Path, base: str, test: str, scratch: Path) -> Raw:
    """All tests, or one whose exchange is shown."""
    command = ["node", "--no-warnings", str((suite / "test-engine/cli.mjs").resolve())]
    env = environment(base=base.rstrip("/"), id=test)
    try:
        done = subprocess.run(
            command,
            cwd=scratch,
            env=env,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        stop(f"the client still ran after {PATIENCE / 60:g} minutes")
    if test:
        sys.stdout.write(done.stdout + done.stderr)
        sys.exit(0)
    if done.returncode:
        stop(f"the client failed:\n{done.stderr[-2000:]}")
    raw: Raw = json.loads(done.stdout[done.stdout.index("{") :])
    return raw


def run(said: argparse.Namespace) -> list[Raw]:
    """The raw results of so many runs."""
    base = urlsplit(said.base)
    try:
        is_loopback = ipaddress.ip_address(base.hostname or "").is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback or not base.port:
        stop("--base is a URL with a loopback address and a port, http://127.0.0.1:8080")
    raws = []
    with tempfile.TemporaryDirectory(prefix="cache-conformance-") as name:
        scratch = Path(name)
        with origin(said.suite, said.origin_port, scratch):
            preflight(base)
            for number in range(said.runs):
                raws.append(run_client(said.suite, said.base, said.id, scratch))
                if said.raw:
                    Path(f"{said.raw}.{number + 1}").write_text(json.dumps(raws[-1], indent=1))
    return raws


def main() -> int:
    """See above."""
    words = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    words.add_argument("--suite", type=Path, required=True, help="a checkout, npm install done")
    words.add_argument("--base", default="", help="URL of the proxy, on loopback")
    words.add_argument("--origin-port", type=int, help="where the proxy has its upstream")
    words.add_argument("--runs", type=int, default=1)
    words.add_argument("--id", default="", help="run this one test and show its exchange")
    words.add_argument("--score", nargs="+", type=Path, help="score raw results, run nothing")
    words.add_argument("--groups", action="store_true", help="passes by group too")
    words.add_argument("--raw", default="", help="write raw results here, .1, .2 and so on behind")
    words.add_argument("--min-required", type=int, default=0)
    words.add_argument("--min-optimal", type=int, default=0)
    said = words.parse_args()
    if not said.score and not (said.base and said.origin_port):
        words.error("say --base and --origin-port, or --score")
    tests = list_tests(said.suite)
    raws = [json.loads(file.read_text()) for file in said.score] if said.score else run(said)
    text, passes = report(tests, raws, groups=said.groups)
    print(text)
    enough = passes["required"] >= said.min_required and passes["optimal"] >= said.min_optimal
    if not enough:
        print(f"\ntoo few: {said.min_required} required, {said.min_optimal} optimal are wanted")
    return 0 if enough else 1


if __name__ == "__main__":
    sys.exit(main())
