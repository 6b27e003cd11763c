"""DISCOVER: where the endpoints of a pool are found, one file a provider."""
