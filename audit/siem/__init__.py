"""The audit log for somebody else's SIEM: OCSF events in RFC 5424 frames over TLS (RFC 5425)."""
