"""CONTROL: all that a running door can be asked, by its socket or the admin door, and its audit."""
