"""Tests of training.collect, against museums made of code."""
