"""CERTIFY: certificates are got from an authority, kept in a store, and explained."""
