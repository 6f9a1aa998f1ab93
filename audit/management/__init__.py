"""Commands of the audit log and the key log."""
