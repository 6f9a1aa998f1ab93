"""Generates what other languages and people need from the Python: `python -m messaging.codegen`.

    shapes      messaging/protocol, read by introspection
    typescript  → web/src/wire/frames.ts, web/src/wire/errors.ts
    document    → docs/protocol.md: the socket chapter and the catalogue of refusals
    openapi     → docs/protocol.md: the HTTP chapter, from the document that the running API publishes

The output depends on the declarations alone, so that `make check` can compare it byte for byte.
"""
