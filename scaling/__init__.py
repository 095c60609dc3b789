"""The service on many machines, by Ray (extra `scale`)."""
