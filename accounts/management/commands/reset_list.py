"""`manage.py reset_list`: the resets that somebody asked for."""

from typing import Any

from django.core.management.base import BaseCommand

from accounts import reset_officers
from accounts.reset_officers import Waiting
from beep import clock


def lines(waiting: Waiting) -> list[str]:
    """A request as an officer judges it."""
    card = waiting.card
    post = ", ".join(part.latin for part in (card.post, card.unit, card.ministry) if part.latin)
    return [
        f"request     {waiting.id}",
        f"person      {card.name.latin} {card.name.local}".rstrip(),
        f"            {waiting.login}, personnel number {waiting.personnel_number}",
        f"            {post or '(no post)'}",
        f"new device  {waiting.device_name}",
        f"statement   {waiting.hash.hex()}",
        f"asked       {clock.from_ms(waiting.requested_at):%Y-%m-%d %H:%M} UTC",
        f"not before  {clock.from_ms(waiting.earliest):%Y-%m-%d %H:%M} UTC",
        f"signed by   {', '.join(waiting.signed_by) or '(nobody yet)'}",
        *([f"VOID        {waiting.void}"] if waiting.void else []),
    ]


class Command(BaseCommand):
    """Reads only."""

    help = "List the open requests for a reset."

    def handle(self, *args: Any, **options: Any) -> None:
        shown = ["\n".join(lines(each)) for each in reset_officers.waiting()]
        self.stdout.write("\n\n".join(shown) or "Nobody asks for a reset.")
