"""Deliver what the server cannot read."""
