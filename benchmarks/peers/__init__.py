"""Other messengers under the same load, beside Beep: `make bench-peers`, or `python -m benchmarks.peers`.

Each has its configuration here (`ejabberd.yml`, `prosody.cfg.lua`, `synapse.yaml`), its archive in the same
PostgreSQL as Beep's (fsync on), and loopback ports, folders and databases of its own that are removed
afterwards.
"""
