"""Tests; see conftest.py for how a test chooses its database."""
