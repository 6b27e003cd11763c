"""The words of an access log; the golden files have the sentences of a whole file."""

import pytest

from porch.config.load import load_mapping
from porch.config.schema_log import read_logs, syslog_place


def loaded(log: object):
    return load_mapping({"routes": {"*": ":1"}, "log": log}, "porch.toml")


def test_logs_are_always_a_list_of_tables():
    assert read_logs(True) == [{}]
    assert read_logs(False) == []
    assert read_logs(["json", {"to": "stderr"}]) == [{"format": "json"}, {"to": "stderr"}]
    with pytest.raises(ValueError, match="a log is"):
        read_logs("jsn")
    with pytest.raises(ValueError, match="no NUL"):
        read_logs("file:/var/log/\0")


def test_a_status_is_a_number_a_class_or_a_list_of_them():
    for status, means in ((404, ["404"]), ("5xx", ["5xx"]), ([404, "error"], ["404", "error"])):
        (log,) = loaded({"status": status}).config.log
        assert log.status == means


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("syslog", ("unix", "/dev/log", 0)),
        ("syslog:unix:/run/log", ("unix", "/run/log", 0)),
        ("syslog:udp://127.0.0.1:5140", ("udp", "127.0.0.1", 5140)),
        ("syslog:udp://logs.test", ("udp", "logs.test", 514)),
        ("syslog:tcp://[::1]", ("tcp", "::1", 601)),
    ],
)
def test_a_syslog_is_a_socket_of_the_machine_or_an_address(text, place):
    assert syslog_place(text) == place
    (log,) = loaded(text).config.log
    assert log.to == text


def test_without_a_word_a_log_has_all_of_everything():
    (log,) = loaded({}).config.log
    assert (log.fields, log.status, log.route, log.errors) == (None, [], [], False)
    assert (log.slower, log.sample, log.addresses) == (None, None, None)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"fields": ["status", "statos"]}, "'statos' is no key of a line; did you mean 'status'?"),
        ({"fields": ["user-agent"]}, "write a field as request.user-agent or response.user-agent"),
        ({"fields": ["request.User-Agent"]}, "is not the name of a field in lower case"),
        ({"fields": ["request."]}, "is not the name of a field in lower case"),
        ({"fields": ["id", "id"]}, "'id' is there twice"),
        ({"fields": []}, "a line without a key says nothing"),
        ({"fields": ["id"], "format": "combined"}, "fields are keys of JSON, and combined has"),
        ({"status": "6xx"}, "'6xx' is no status"),
        ({"status": True}, "it must be a status"),
        ({"sample": "0%"}, "errors and slower say so"),
        ({"sample": 1}, "a share is a number up to 100 with %"),
        ({"slower": 2}, 'such as "2s"'),
        ({"slow": "2s"}, "did you mean 'slower'?"),
        ({"to": "file:x", "rotate": {}}, 'rotate needs size = "100MB", every = "1d", or both'),
        ({"to": "file:x", "rotate": {"every": "1s"}}, "a file is for a minute at least"),
        ({"to": "file:x", "rotate": {"size": "1MB", "keep": 0}}, "a whole number from 1 to 1000"),
        ({"to": "file:x", "rotate": {"size": "1MB", "kept": 2}}, "did you mean 'keep'?"),
        ({"rotate": {"size": "1MB"}}, "rotate is for files, and stdout is none"),
        ({"to": "journal"}, "did you mean 'journald'?"),
        ({"to": "syslog:udp://127.0.0.1:0"}, "a syslog is"),
        ({"to": "syslog:/dev/log"}, "a syslog is"),
        ({"addresses": "hash", "fields": ["request.forwarded"]}, "has whole addresses"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_to_write(words, says):
    assert says in loaded([words]).report()
