"""Runs in Synapse's own environment: its homeserver, with `psycopg2-binary` for `psycopg2`.

They are one module, the first with libpq inside; Synapse asks the installed packages for the second's name.
"""

from synapse.util import check_dependencies  # type: ignore[import-not-found]


def main() -> None:
    """Serve."""
    check = check_dependencies.check_requirements

    def checked(extra: str | None = None) -> None:
        if extra != "postgres":
            check(extra)

    # Before the modules that take the name from there.
    check_dependencies.check_requirements = checked
    from synapse.app import homeserver  # type: ignore[import-not-found]

    homeserver.main()


if __name__ == "__main__":
    main()
