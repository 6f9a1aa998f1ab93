"""A witness: remembers the largest tree it saw of each log and cosigns only what continues it. No Django."""
