"""Daphne and uvicorn, each subclassed for what ASGI leaves out.

Both offer the extension `beep.frames` (see `extension`): prebuilt frames straight onto the transport, and how
much of it the peer has not taken. Both stop reading from a socket that has `limits.READ_AHEAD` messages
waiting, and both drain on SIGTERM: what the writer has taken is acknowledged, every socket closes with 4412.
Beep works under their unchanged originals as well, only slower.
"""
