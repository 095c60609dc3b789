"""Tests of Vasari on a Ray cluster; skipped where Ray is not installed."""
