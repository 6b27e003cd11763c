"""What a worker is sent when the configuration changes."""

import pickle
from pathlib import Path

from porch.config.address import parse_listen
from porch.manage.prepared import Change


def test_a_change_goes_through_a_channel_as_it_is() -> None:
    change = Change(columns=2, listen=[parse_listen("127.0.0.1:80")], files=[Path("/tmp/log")])
    assert pickle.loads(pickle.dumps(change)) == change
