"""`python -m beep.demo`: everything that Beep needs, on this machine alone, with a made-up directory."""
