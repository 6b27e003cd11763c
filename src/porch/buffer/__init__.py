"""BUFFER: bodies that wait at the door, so that neither side has to wait for the other."""
