"""What a verifier can find, each under a stable name."""

from typing import Final

ALARMS: Final = {
    "manifest_mismatch": "A file is missing, additional, or not the one that was exported.",
    "policy_unknown": "The export's policy is not the one that the auditor trusts.",
    "checkpoint_refused": "The checkpoint is not signed by the log, or a signature in it is false.",
    "quorum_missing": "Too few witnesses have cosigned the checkpoint.",
    "tile_altered": "A tile of hashes does not lead to the witnessed root.",
    "entry_altered": "An entry is not the one that the tree was made of.",
    "entry_missing": "An entry that the tree was made of is not there.",
    "entry_malformed": "An entry is not a canonical audit leaf.",
    "proof_refused": "An entry's proof does not lead to the witnessed root.",
    "backdated": "An entry claims a time before the log was last witnessed without it.",
    "postdated": "An entry claims a time after it was witnessed.",
    "tail_cut": "Witnesses have cosigned more entries than the log has.",
    "forked": "The same log was signed with two histories.",
    "intake_dropped": "A row that came in is in no leaf, or what a leaf tells of never came in.",
    "act_without_entry": "Something was done of which the log does not tell.",
    "messages_differ": "The envelopes of a second are not those that were accepted in it.",
    "triggers_disabled": "A trigger that keeps the log from being changed is off or gone.",
    "guard_altered": "A function, trigger, table or right that keeps the log from being changed is another.",
    "projection_differs": "What auditors search is not what the log says.",
}
"""Name → what it means."""


class AlarmError(Exception):
    """The log is not what it must be. `index` is the first bad entry, where the alarm is about one."""

    def __init__(self, name: str, detail: str, *, index: int | None = None) -> None:
        if name not in ALARMS:
            raise ValueError(f"{name} is no alarm")
        where = "" if index is None else f"entry {index}: "
        super().__init__(f"{name}: {where}{detail}")
        self.name: Final = name
        self.index: Final = index
