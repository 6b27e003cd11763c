"""The document as it is true of the admin door."""

import copy
from typing import Any

from porch.manage.admin.described import described
from porch.manage.control.document import document
from porch.manage.control.operations import OPERATIONS

SOCKET = document("1.2.3")
FOUND = described(SOCKET)


def test_the_document_of_the_control_socket_stays_as_it_is() -> None:
    assert document("1.2.3") == SOCKET
    assert "/v1/session" not in SOCKET["paths"]
    before = copy.deepcopy(SOCKET)
    described(SOCKET)
    assert before == SOCKET


def test_who_asks_is_shown_in_one_of_three_ways_and_always() -> None:
    assert FOUND["security"] == [{"token": []}, {"session": []}, {"certificate": []}]
    assert FOUND["components"]["securitySchemes"].keys() == {"token", "session", "certificate"}


def test_each_operation_has_the_refusals_of_this_door_and_a_change_its_secret() -> None:
    for each in OPERATIONS.values():
        operation = FOUND["paths"][each.path][each.method.lower()]
        own = {"401", "403", "405", "408", "421", "429", "500", "503", "504"}
        assert own <= operation["responses"].keys()
        names = [part["name"] for part in operation.get("parameters", ())]
        assert ("X-Porch-Csrf" in names) is each.changes, each.name
        if each.changes:
            assert names == ["If-Match", "X-Porch-Csrf"]


def test_what_is_there_beside_the_operations_stands_in_it() -> None:
    session = FOUND["paths"]["/v1/session"]["get"]
    schema = session["responses"]["200"]["content"]["application/json"]["schema"]
    assert schema["properties"].keys() == {"name", "by", "role", "csrf", "read_only"}
    assert "text/event-stream" in FOUND["paths"]["/v1/events"]["get"]["responses"]["200"]["content"]
    assert "202" in FOUND["paths"]["/v1/upgrade"]["post"]["responses"]


def test_all_that_is_referred_to_is_there() -> None:
    def look(value: Any) -> None:
        if isinstance(value, dict):
            reference = value.get("$ref")
            if reference is not None:
                found: Any = FOUND
                for part in reference.removeprefix("#/").split("/"):
                    found = found[part]
            for each in value.values():
                look(each)
        elif isinstance(value, list):
            for each in value:
                look(each)

    look(FOUND)
