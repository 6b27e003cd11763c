"""The answer of a file by what the request says."""

from email.utils import formatdate
from pathlib import Path

import pytest

from tests.support.folder import LONG_AGO, Served, descriptors, write

AT = formatdate(LONG_AGO, usegmt=True)
BEFORE = formatdate(LONG_AGO - 1, usegmt=True)


@pytest.fixture(params=[10, 600_000], ids=["small", "large"])
def body(request: pytest.FixtureRequest) -> bytes:
    size: int = request.param
    return bytes(range(256)) * (size // 256) + bytes(range(size % 256))


@pytest.fixture
def served(tmp_path: Path, body: bytes) -> Served:
    write(tmp_path, "a.bin", body)
    return Served(tmp_path)


def test_the_whole_goes_out_with_its_validators(served: Served, body: bytes) -> None:
    before = descriptors()
    answer = served.get("/a.bin")
    assert (answer.status, answer.body) == (200, body)
    assert answer["content-length"] == str(len(body))
    assert answer["last-modified"] == AT
    assert answer["etag"].strip('"')
    assert answer["accept-ranges"] == "bytes"
    assert answer["server"] == "porch"
    assert answer["date"]
    assert descriptors() == before


def test_head_says_what_get_does(served: Served, body: bytes) -> None:
    get, head = served.get("/a.bin"), served.get("/a.bin", method="HEAD")
    assert head.body == b""
    assert head.head.fields == get.head.fields


def test_who_has_it_gets_304_without_a_word_about_a_body(served: Served) -> None:
    tag = served.get("/a.bin")["etag"]
    for said in ({"if_none_match": tag}, {"if_none_match": f"W/{tag}"}, {"if_modified_since": AT}):
        answer = served.get("/a.bin", **said)
        assert (answer.status, answer.body) == (304, b"")
        assert (answer["etag"], answer["content-length"], answer["content-type"]) == (tag, "", "")
    assert served.get("/a.bin", if_none_match='"other"', if_modified_since=AT).status == 200
    assert served.get("/a.bin", if_modified_since=BEFORE).status == 200


def test_who_names_another_state_gets_412(served: Served) -> None:
    tag = served.get("/a.bin")["etag"]
    assert served.get("/a.bin", if_match='"other"').status == 412
    assert served.get("/a.bin", if_unmodified_since=BEFORE).status == 412
    assert served.get("/a.bin", if_match=tag).status == 200
    assert served.get("/a.bin", if_unmodified_since=AT).status == 200


def test_a_part_goes_out_as_it_was_asked_for(served: Served, body: bytes) -> None:
    answer = served.get("/a.bin", range="bytes=2-5")
    assert (answer.status, answer.body) == (206, body[2:6])
    assert answer["content-range"] == f"bytes 2-5/{len(body)}"
    assert served.get("/a.bin", range="bytes=-3").body == body[-3:]


def test_several_parts_go_out_as_one(served: Served, body: bytes) -> None:
    answer = served.get("/a.bin", range="bytes=0-1,4-5")
    assert answer.status == 206
    boundary = answer["content-type"].partition("boundary=")[2].encode()
    parts = answer.body.split(b"--" + boundary)
    assert [each.partition(b"\r\n\r\n")[2] for each in parts[1:3]] == [
        body[0:2] + b"\r\n",
        body[4:6] + b"\r\n",
    ]
    assert int(answer["content-length"]) == len(answer.body)


def test_what_there_is_not_is_416(served: Served, body: bytes) -> None:
    answer = served.get("/a.bin", range="bytes=9999999-")
    assert (answer.status, answer["content-range"]) == (416, f"bytes */{len(body)}")


def test_a_part_is_of_the_state_that_the_client_has_or_there_is_none(served: Served) -> None:
    tag = served.get("/a.bin")["etag"]
    assert served.get("/a.bin", range="bytes=0-1", if_range=tag).status == 206
    assert served.get("/a.bin", range="bytes=0-1", if_range=AT).status == 206
    assert served.get("/a.bin", range="bytes=0-1", if_range='"other"').status == 200
    assert served.get("/a.bin", range="bytes=0-1", if_range=BEFORE).status == 200


def test_a_range_means_nothing_to_head(served: Served) -> None:
    assert served.get("/a.bin", method="HEAD", range="bytes=0-1").status == 200


def test_no_more_than_the_head_waits_for_a_client_that_takes_nothing(tmp_path: Path) -> None:
    write(tmp_path, "a.bin", bytes(50_000))
    response, _ = Served(tmp_path).begun("/a.bin", full=True)
    assert response.body == b""
    assert response.source is not None
    assert Served(tmp_path).get("/a.bin", full=True).body == bytes(50_000)


def test_an_empty_file_is_a_whole_answer(tmp_path: Path) -> None:
    write(tmp_path, "a.bin")
    answer = Served(tmp_path).get("/a.bin")
    assert (answer.status, answer.body, answer["content-length"]) == (200, b"", "0")
    assert Served(tmp_path).get("/a.bin", range="bytes=0-").status == 200
