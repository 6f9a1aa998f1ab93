"""Composition root: settings, entry points, and what no single application owns."""
