"""People, where the directory knows them from, and the words that find them."""

from typing import Any, ClassVar
from uuid import uuid4

from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from accounts.models.bytes import exactly


class Person(models.Model):
    """Somebody in the directory; Django's user model, though nobody signs in through Django.

    Only `accounts.lifecycle` writes `state`. `statement_version` and `statement_head` are the head of the
    identity chain, moved by compare-and-swap in `accounts.identity_chain`.
    """

    class State(models.TextChoices):
        """Where in the directory's life a person is."""

        PENDING = "pending"
        """Known, waiting for somebody's approval."""
        ACTIVE = "active"
        SUSPENDED = "suspended"
        LEFT = "left"

    class Kind(models.TextChoices):
        """What sort of account this is; room is left for more."""

        EMPLOYEE = "employee"
        GUEST = "guest"
        SERVICE = "service"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    login = models.CharField(max_length=64, unique=True)
    personnel_number = models.CharField(max_length=32, unique=True)
    name_latin = models.CharField(max_length=200)
    name_local = models.CharField(max_length=200, blank=True, default="")
    state = models.CharField(max_length=16, choices=State.choices, default=State.PENDING)
    kind = models.CharField(max_length=16, choices=Kind.choices, default=Kind.EMPLOYEE)
    locked_by_admin = models.BooleanField(default=False)
    """An administrator's suspension outranks what a source says."""

    signin_salt = models.BinaryField(null=True, default=None)
    """Argon2id salt, made on the device, told to whoever names the login."""
    signin_hash = models.BinaryField(null=True, default=None)
    """SHA-256 of the sign-in secret, itself HKDF output of Argon2id.

    Replaced by recovery, erased when the person leaves.
    """
    activated_at = models.DateTimeField(null=True, default=None)

    statement_version = models.PositiveIntegerField(default=0)
    statement_head = models.BinaryField(null=True, default=None)
    """SHA-256 of the newest identity statement's unsigned bytes."""

    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True, default=None)

    USERNAME_FIELD: ClassVar[str] = "login"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    is_anonymous: ClassVar[bool] = False
    is_authenticated: ClassVar[bool] = True

    class Meta:
        constraints = [
            CheckConstraint(condition=Q(login__regex=r"^[a-z0-9][a-z0-9._-]*$"), name="person_login_plain"),
            CheckConstraint(
                condition=Q(personnel_number__regex=r"^[A-Z0-9][A-Z0-9/-]*$"), name="person_number_plain"
            ),
            CheckConstraint(condition=~Q(name_latin=""), name="person_has_a_name"),
            CheckConstraint(
                condition=Q(state__in=["pending", "active", "suspended", "left"]), name="person_state_known"
            ),
            CheckConstraint(condition=Q(kind__in=["employee", "guest", "service"]), name="person_kind_known"),
            exactly("signin_salt", 16, name="person_salt_16_bytes"),
            exactly("signin_hash", 32, name="person_signin_hash_32_bytes"),
            exactly("statement_head", 32, name="person_head_32_bytes"),
            CheckConstraint(
                condition=Q(statement_version=0, statement_head__isnull=True)
                | Q(statement_version__gt=0, statement_head__isnull=False),
                name="person_head_with_version",
            ),
            CheckConstraint(
                condition=Q(signin_salt__isnull=True, signin_hash__isnull=True)
                | Q(signin_salt__isnull=False, signin_hash__isnull=False),
                name="person_salt_with_hash",
            ),
            CheckConstraint(
                condition=Q(state="left", left_at__isnull=False, signin_hash__isnull=True) | ~Q(state="left"),
                name="person_left_has_no_secret",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    def get_username(self) -> str:
        """What Django calls the login."""
        return self.login

    def natural_key(self) -> tuple[Any, ...]:
        """Key that survives export and import."""
        return (self.login,)


class Admission(models.Model):
    """Which source vouches for a person, under which id of its own. No living admission, no place in Beep."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="admissions")
    source = models.CharField(max_length=64)
    external_id = models.CharField(max_length=255)
    login = models.CharField(max_length=255)
    digest = models.BinaryField()
    """SHA-256 over the source's row, so that an unchanged row costs nothing."""
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, default=None)

    class Meta:
        constraints = [
            UniqueConstraint(fields=["source", "external_id"], name="admission_external_id_once"),
            UniqueConstraint(fields=["source", "person"], name="admission_person_once_a_source"),
            exactly("digest", 32, name="admission_digest_32_bytes"),
        ]

    def __str__(self) -> str:
        return f"{self.source}:{self.external_id}"


class PersonToken(models.Model):
    """A folded word of a person's name, post, unit or ministry; a search is a prefix of it."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="tokens")
    token = models.CharField(max_length=64)

    class Meta:
        constraints = [UniqueConstraint(fields=["person", "token"], name="person_token_once")]
        # The pattern operator class makes LIKE 'abc%' an index scan whatever the database's collation is.
        indexes = [
            models.Index(fields=["token"], opclasses=["varchar_pattern_ops"], name="person_token_prefix")
        ]

    def __str__(self) -> str:
        return self.token
