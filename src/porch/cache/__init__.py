"""CACHE: answers kept at the door and given again (RFC 9111), shared by all workers."""
