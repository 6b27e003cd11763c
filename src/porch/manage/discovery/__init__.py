"""DISCOVERY: endpoints that are found while the door runs: who looks, and what all know of it."""
