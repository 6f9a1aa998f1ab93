"""Why the server refused an MLS message: one stable code for each reason.

The codes travel to clients (as the ``rule`` in the detail of a refusal) and into logs, so a code is never
renamed or given a second meaning.
"""

from __future__ import annotations

from enum import StrEnum


class MlsErrorCode(StrEnum):
    """Every reason this package can give. The value is what a client sees."""

    # The bytes are not one canonical encoding of the structure asked for.
    TOO_LARGE = "mls_too_large"
    TRUNCATED = "mls_truncated"
    TRAILING_BYTES = "mls_trailing_bytes"
    LENGTH_NOT_MINIMAL = "mls_length_not_minimal"
    LENGTH_INVALID = "mls_length_invalid"
    UNKNOWN_VALUE = "mls_unknown_value"
    VERSION_UNSUPPORTED = "mls_version_unsupported"
    NOT_CANONICAL = "mls_not_canonical"

    # A message of the wrong kind for the place it was sent to.
    NOT_PUBLIC_MESSAGE = "mls_not_public_message"
    NOT_PRIVATE_MESSAGE = "mls_not_private_message"
    NOT_WELCOME = "mls_not_welcome"
    NOT_KEY_PACKAGE = "mls_not_key_package"
    CONTENT_APPLICATION = "mls_content_application"
    CONTENT_PROPOSAL = "mls_content_proposal"
    CONTENT_NOT_APPLICATION = "mls_content_not_application"
    SUITE_UNSUPPORTED = "mls_suite_unsupported"
    SUITE_MISMATCH = "mls_suite_mismatch"
    GROUP_ID_LENGTH = "mls_group_id_length"
    SENDER_DATA_LENGTH = "mls_sender_data_length"

    # Who sent a commit, and the proposals it may carry.
    SENDER_EXTERNAL = "mls_sender_external"
    SENDER_NEW_MEMBER = "mls_sender_new_member"
    SENDER_NOT_IN_GROUP = "mls_sender_not_in_group"
    SENDER_WRONG_DEVICE = "mls_sender_wrong_device"
    MEMBERSHIP_TAG_MISSING = "mls_membership_tag_missing"
    TAG_LENGTH = "mls_tag_length"
    SIGNATURE_LENGTH = "mls_signature_length"
    PROPOSAL_BY_REFERENCE = "mls_proposal_by_reference"
    PROPOSAL_UPDATE = "mls_proposal_update"
    PROPOSAL_PSK = "mls_proposal_psk"
    PROPOSAL_REINIT = "mls_proposal_reinit"
    PROPOSAL_EXTERNAL_INIT = "mls_proposal_external_init"
    PROPOSAL_GROUP_CONTEXT_EXTENSIONS = "mls_proposal_group_context_extensions"
    GROUP_MISMATCH = "mls_group_mismatch"
    EPOCH_MISMATCH = "mls_epoch_mismatch"
    REMOVE_UNKNOWN_LEAF = "mls_remove_unknown_leaf"
    REMOVE_DUPLICATE = "mls_remove_duplicate"
    REMOVE_SELF = "mls_remove_self"
    ADD_UNLISTED_DEVICE = "mls_add_unlisted_device"
    ADD_DUPLICATE = "mls_add_duplicate"

    # The committer's update path.
    PATH_MISSING = "mls_path_missing"
    PATH_SOURCE = "mls_path_source"
    PATH_CREDENTIAL = "mls_path_credential"
    PATH_SIGNATURE_KEY = "mls_path_signature_key"
    PATH_CAPABILITIES = "mls_path_capabilities"
    PATH_EXTENSIONS = "mls_path_extensions"
    PATH_SIGNATURE = "mls_path_signature"
    PATH_SHAPE = "mls_path_shape"

    # A device's key package.
    KEY_PACKAGE_CREDENTIAL = "mls_key_package_credential"
    KEY_PACKAGE_SIGNATURE_KEY = "mls_key_package_signature_key"
    KEY_PACKAGE_CAPABILITIES = "mls_key_package_capabilities"
    KEY_PACKAGE_EXTENSIONS = "mls_key_package_extensions"
    KEY_PACKAGE_SOURCE = "mls_key_package_source"
    KEY_PACKAGE_LIFETIME = "mls_key_package_lifetime"
    KEY_PACKAGE_KEYS = "mls_key_package_keys"
    KEY_PACKAGE_LEAF_SIGNATURE = "mls_key_package_leaf_signature"
    KEY_PACKAGE_SIGNATURE = "mls_key_package_signature"

    # A Welcome and the commit it belongs to.
    WELCOME_DUPLICATE = "mls_welcome_duplicate"
    WELCOME_RECIPIENTS = "mls_welcome_recipients"
    WELCOME_SHAPE = "mls_welcome_shape"


class MlsError(Exception):
    """The only exception this package raises for bad input: a stable ``code`` and a sentence for the log."""

    def __init__(self, code: MlsErrorCode, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class MlsDecodeError(MlsError):
    """The bytes are not the canonical encoding of an MLS structure; nothing in them may be used."""


class MlsRefusedError(MlsError):
    """Well-formed MLS that Beep does not allow, or that does not fit the group it was sent to."""
