"""Tests of molmach.data."""
