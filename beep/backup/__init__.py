"""Backup and restore of the embedded servers: `python -m beep.backup take|check|restore FILE`.

For the demo and for small trials. A real PostgreSQL has better means; docs/operations.md says which.
"""
