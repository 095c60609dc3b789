"""Tests of the images, of what runs them, and of what watches them."""
