"""Tests of `python -m app classify`."""
