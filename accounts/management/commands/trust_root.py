"""`manage.py trust_root make --out FILE`: the offline root's key, made on the machine where it stays."""

from accounts.key_files import Kind
from accounts.management.keys import KeyCommand


class Command(KeyCommand):
    """The public half is BEEP_ROOT_KEY.

    Run it with BEEP_TOOLING=1 on a machine without a network; the ceremony is in docs/operations.md.
    """

    help = "Make the offline root's key in a file under a passphrase, or show its public half."
    kind = Kind.ROOT
