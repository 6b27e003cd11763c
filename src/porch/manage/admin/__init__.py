"""ADMIN: the door for those who run it, served over TCP by the observer: who asks, and for what."""
