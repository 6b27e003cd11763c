"""A configuration built on trial."""

import os
from pathlib import Path
from typing import Any

from porch.config.load import load_mapping
from porch.manage.candidate import Candidate, stamps
from porch.manage.cores import cores


def examined(**words: Any) -> tuple[Candidate | None, str]:
    loaded = load_mapping({"listen": ["127.0.0.1:0"]} | words)
    return Candidate.examine(loaded), loaded.report()


def test_it_knows_what_a_supervisor_has_to_know() -> None:
    found, _ = examined(routes={"*": ["a:1", "b:1"], "a.test": "a:1"}, workers=3, grace="2s")
    assert found is not None
    assert [each[1] for each in found.endpoints] == ["a:1", "b:1", "a:1"]
    assert (found.routes, found.workers, found.grace) == (2, 3, 2.0)
    assert found.summary == "2 routes"


def test_auto_is_one_a_core() -> None:
    found, _ = examined(routes={"*": "a:1"})
    assert found is not None
    assert found.workers == cores()


def test_expectations_that_fail_refuse_it() -> None:
    expect = [{"get": "http://a.test/", "status": 204}]
    found, report = examined(routes={"*": "respond:503"}, expect=expect)
    assert found is None
    assert "is answered 503 at the door, not 204" in report


def test_a_user_that_is_not_there_refuses_it() -> None:
    found, report = examined(routes={"*": "respond:503"}, user="nobody-of-that-name")
    assert found is None
    assert "no user 'nobody-of-that-name' on this machine" in report


def test_stamps_tell_one_state_of_a_file_from_another(tmp_path: Path) -> None:
    file = tmp_path / "a"
    before = stamps([file])
    assert before == {file: None}
    file.write_text("x")
    os.utime(file, ns=(1, 1))
    first = stamps([file])
    os.utime(file, ns=(2, 2))
    assert before != first != stamps([file])


def test_who_signs_cookies_is_given_the_key_of_the_store(tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    keys = []
    for words in ({}, {"sticky": False}, {"sticky": True}, {"sticky": "sid"}):
        loaded = load_mapping(
            {"listen": ":0", "routes": {"*": ["a:1", "b:1"]}, "store": store} | words
        )
        assert Candidate.examine(loaded) is not None
        assert loaded.report() == ""
        keys.append(loaded.signing_key)
    assert keys[:2] == [b"", b""]
    assert len(keys[2]) == 32
    assert keys[2] == keys[3]


def test_a_store_that_cannot_be_used_is_a_warning_for_sticky_clients(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file")
    words = {"routes": {"*": ["a:1", "b:1"]}, "sticky": True, "store": str(tmp_path / "store")}
    found, report = examined(**words)
    assert found is not None
    assert (
        "warning  store: sticky clients and passes of challenge are not known after a restart"
        in report
    )
