"""`manage.py officer_key make --out FILE`: a reset officer's key, made on the officer's own machine."""

from accounts.key_files import Kind
from accounts.management.keys import KeyCommand


class Command(KeyCommand):
    """The public half that it prints goes to the ceremony (`trust_certify --purpose officer`)."""

    help = "Make a reset officer's key in a file under a passphrase, or show its public half."
    kind = Kind.OFFICER
