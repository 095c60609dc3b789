"""Tests of `training`, module by module."""
