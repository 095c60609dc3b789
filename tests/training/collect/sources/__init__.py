"""Tests of each museum's file."""
