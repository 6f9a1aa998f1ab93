"""The auditors' pages, on an origin of their own: views and templates only, no logic."""
