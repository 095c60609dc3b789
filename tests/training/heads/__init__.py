"""Tests of training.heads."""
