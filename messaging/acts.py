"""What of conversations must have an entry in the audit log: each one's beginning."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from audit import reconcile
from messaging.models import Conversation


def _conversations(before: datetime) -> Iterator[UUID]:
    return Conversation.objects.filter(created_at__lt=before).values_list("id", flat=True).iterator()


reconcile.register("conversation", actions={"conversation.opened"}, ids=_conversations)
