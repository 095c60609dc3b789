"""Tests of `training.recipes`."""
