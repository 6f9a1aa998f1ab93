"""What the server knows of an MLS group: its policy, who sits at which leaf, each commit's group info."""

from django.db import models
from django.db.models import Q

from .conversation import Conversation
from .fields import BytesField, exact_length, not_empty


class Group(models.Model):
    """One generation of a conversation. Rows are only ever added."""

    id = models.BigAutoField(primary_key=True)
    conversation = models.ForeignKey(Conversation, models.PROTECT, related_name="groups", db_index=False)
    generation = models.IntegerField()
    group_id = BytesField(unique=True)
    """MLS group id: SHA-256("beep group v1" ‖ policy)."""
    policy = BytesField()
    suite = models.IntegerField()
    begun_seq = models.BigIntegerField()
    """The seq of the begin envelope."""
    created_by = models.UUIDField()
    """The device that began it."""

    class Meta:
        constraints = [
            models.UniqueConstraint(name="group_generation_once", fields=["conversation", "generation"]),
            models.CheckConstraint(name="group_id_length", condition=exact_length("group_id")),
            models.CheckConstraint(name="group_policy_present", condition=not_empty("policy")),
            models.CheckConstraint(name="group_suite", condition=Q(suite__in=[0x0001, 0x0053])),
            models.CheckConstraint(name="group_counts", condition=Q(generation__gte=1) & Q(begun_seq__gte=1)),
        ]


class Leaf(models.Model):
    """One leaf of the group's current epoch. Blank leaves have no row.

    The foreign key's column is `group_ref`, because `group_id` is what everybody calls the MLS group id.
    """

    group = models.ForeignKey(
        Group, models.PROTECT, related_name="leaves", db_column="group_ref", db_index=False
    )
    leaf_index = models.BigIntegerField()
    device_id = models.UUIDField(db_index=True)
    signature_key = BytesField()
    person_id = models.UUIDField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="leaf_once", fields=["group", "leaf_index"]),
            models.UniqueConstraint(name="leaf_device_once", fields=["group", "device_id"]),
            models.CheckConstraint(
                name="leaf_index_is_u32", condition=Q(leaf_index__gte=0, leaf_index__lt=1 << 32)
            ),
            models.CheckConstraint(name="leaf_signature_key_length", condition=exact_length("signature_key")),
        ]


class GroupInfo(models.Model):
    """The encrypted group info of a commit that added somebody; each newcomer's Welcome is made from it."""

    group = models.ForeignKey(Group, models.PROTECT, related_name="+", db_column="group_ref", db_index=False)
    epoch = models.BigIntegerField()
    """The epoch that the commit began."""
    encrypted_group_info = BytesField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="group_info_once", fields=["group", "epoch"]),
            models.CheckConstraint(name="group_info_epoch", condition=Q(epoch__gte=1)),
        ]
