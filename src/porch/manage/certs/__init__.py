"""CERTS: certificates in a door that runs: which it gets, who gets them, and what it shows."""
