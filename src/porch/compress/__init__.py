"""Compression: smaller answers for clients that take them, and plain ones for those that do not."""
