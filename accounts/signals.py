"""What other applications may hear from this one. Every signal is sent inside the transaction that caused it.

A receiver that raises undoes the whole act, so a device is never revoked by half. What must wait for the
commit goes through `transaction.on_commit` in the receiver.
"""

from django.dispatch import Signal

device_revoked = Signal()
"""A device is revoked.

Arguments: `device: UUID`, `person: UUID`, `at: datetime`. Sender: `accounts.models.Device`.
"""

statement_appended = Signal()
"""A person's identity chain grew. Arguments: `person: UUID`, `version: int`. Sender: `IdentityStatement`."""
