"""MLS as the server may see it: a strict decoder for RFC 9420 messages, and Beep's rules about them.

Pure: no Django, no input or output, no clock, no secrets. Everything that is wrong with a message is an
``MlsError`` with a stable code. The layers, each importing only those before it::

    errors → tls → tree → proposals → messages      every structure of RFC 9420, bytes to values and back
    profile → signing                               Beep's suites and identities; what can be verified
    key_packages, commit_frame → leaf_map →         what the server asks
    commits, welcome, application
"""

from .application import PrivateMessageFrame, decode_private_message
from .commit_frame import CommitFrame, decode_commit
from .commits import check_commit
from .errors import MlsDecodeError, MlsError, MlsErrorCode, MlsRefusedError
from .key_packages import check_key_package, decode_key_package, key_package_ref, reference_of
from .leaf_map import LeafInfo, apply_to_leaf_map, leaf_info
from .messages import MlsMessage, Welcome
from .profile import CAPABILITIES, CipherSuite, Identity, parse_credential
from .tree import KeyPackage
from .welcome import WelcomeParts, check_welcome, decode_welcome, join_welcome, split_welcome

__all__ = [
    "CAPABILITIES",
    "CipherSuite",
    "CommitFrame",
    "Identity",
    "KeyPackage",
    "LeafInfo",
    "MlsDecodeError",
    "MlsError",
    "MlsErrorCode",
    "MlsMessage",
    "MlsRefusedError",
    "PrivateMessageFrame",
    "Welcome",
    "WelcomeParts",
    "apply_to_leaf_map",
    "check_commit",
    "check_key_package",
    "check_welcome",
    "decode_commit",
    "decode_key_package",
    "decode_private_message",
    "decode_welcome",
    "join_welcome",
    "key_package_ref",
    "leaf_info",
    "parse_credential",
    "reference_of",
    "split_welcome",
]
