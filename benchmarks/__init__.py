"""Load for the real system, and what it bears: `make bench`, or `python -m benchmarks [names]`, prints JSON
lines.

The server with its PostgreSQL and Valkey runs on one core, the driver on another, as in the design's
comparison.
"""
