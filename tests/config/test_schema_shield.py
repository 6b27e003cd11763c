"""porch.config.schema_shield."""

from porch.config.schema import ConfigModel, RouteModel, SiteModel
from porch.config.schema_shield import ShieldWords


def test_what_protects_may_stand_in_a_route_a_site_and_at_the_top() -> None:
    for model in (ConfigModel, RouteModel, SiteModel):
        assert issubclass(model, ShieldWords)
