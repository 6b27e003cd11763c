"""`porch schema`: the JSON Schema of the configuration."""

import json

__all__ = ["print_schema"]


def print_schema() -> int:
    """Print it. Returns 0."""
    from porch.config.reference import json_schema

    print(json.dumps(json_schema(), indent=2))
    return 0
