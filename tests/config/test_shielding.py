"""porch.config.shielding."""

from porch.config.load import load_mapping
from porch.config.schema import ConfigModel
from porch.config.settings import RouteSettings
from porch.config.shielding import Shielding
from porch.config.state import State


def test_where_nothing_is_said_nothing_is_in_the_way() -> None:
    loaded = load_mapping({"routes": {"a.test": ":3000"}}, "porch.toml")
    settings = RouteSettings([ConfigModel()])
    assert Shielding(loaded, State()).of(settings, "a.test", "a.test") == []
