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

person_changed = Signal()
"""The directory changed a person's name, post, unit, ministry or state.

Argument: `person: UUID`. Sender: `accounts.models.Person`. May be sent twice for one change.
"""

reset_requested = Signal()
"""Somebody with a person's reset letter asks for a new identity for them.

Arguments: `person: UUID`, `earliest: int` (milliseconds UTC; the reset takes effect no sooner). Sender:
`accounts.models.ResetRequest`.
"""

pairing_waiting = Signal()
"""A new device of a person's own asks for approval, or something happened in that pairing.

Arguments: `pairing: UUID`, `person: UUID`. Sender: `accounts.models.Pairing`.
"""
