"""One process that makes the database ready: migrations, then the demo directory. Prints what it made as
JSON.

Apart from the supervisor, which knows no Django; one process for both, since starting Django costs a second.
"""

import json
import sys

import django
from django.core.management import call_command


def main() -> None:
    """Migrate and seed; the last line on standard output is the seed's JSON. Both change nothing the second
    time.
    """
    django.setup()
    call_command("migrate", database="migrator", interactive=False, verbosity=0, stdout=sys.stderr)
    from accounts.demo import seed

    print(json.dumps(seed(), ensure_ascii=False))


if __name__ == "__main__":
    main()
