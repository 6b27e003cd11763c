"""TLS for both sides of the door (OpenSSL, by `ssl`)."""
