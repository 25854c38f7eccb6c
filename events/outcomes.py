"""What can happen to an event: passed, withheld for a reason, or rejected for a reason.

For each raw message and purpose: events in = passed + withheld + rejected. Both enumerations are
closed; a new reason is a new member here, and everything that counts by reason follows.
"""

from __future__ import annotations

from enum import StrEnum, unique


@unique
class Withheld(StrEnum):
    """The event is sound but may not flow for this purpose."""

    NOT_ENROLLED = "not_enrolled"  # the ledger holds no grant for (subject, purpose)
    NOT_ACKNOWLEDGED = "not_acknowledged"  # granted, but no notice was acknowledged
    WITHDRAWN = "withdrawn"  # the last word of the person is no
    OBJECTED = "objected"  # the person has objected (GDPR Art. 21)
    PAUSED = "paused"  # granted, but the person has paused
    NOTICE_OUTDATED = "notice_outdated"  # to a notice or lawful basis that is no longer in force
    CHAIN_BROKEN = "chain_broken"  # records of the person do not follow one another
    PURPOSE_NOT_REGISTERED = "purpose_not_registered"  # the policy has no basis or assessment
    NO_SECRET = "no_secret"  # forgotten, or enrolled again after that batch
    ACTION_NOT_COLLECTED = "action_not_collected"  # the policy does not take this action


@unique
class Rejected(StrEnum):
    """The message or the event is unsound. The first nine refuse the message as a whole."""

    UNDECODABLE = "undecodable"  # framing or Avro is broken
    UNKNOWN_SCHEMA = "unknown_schema"  # the writer's schema is not known here
    INVALID_HEADER = "invalid_header"  # an identifier, code or size in the header is unusable
    UNEQUAL_COLUMNS = "unequal_columns"  # columns differ in length or have a broken last value
    EMPTY_BATCH = "empty_batch"
    TOO_MANY_EVENTS = "too_many_events"  # more than MAX_BATCH_EVENTS
    TOO_LARGE = "too_large"  # the message has more bytes than any sound batch can have
    NEGATIVE_TIME = "negative_time"  # the base time is before 1970
    SUBJECT_NOT_OPENED = "subject_not_opened"  # sealed to a key that the worker does not have
    UNKNOWN_ACTION = "unknown_action"
    UNKNOWN_ROLE = "unknown_role"
    UNKNOWN_DETAIL = "unknown_detail"  # no such button or key class, or a detail where none belongs
    COORDINATE_OUT_OF_RANGE = "coordinate_out_of_range"  # outside the declared screen
    IN_FUTURE = "in_future"  # later than now plus the clock tolerance of the policy
    BEFORE_RETENTION = "before_retention"  # older than the purpose's retention
    EPOCH_DESTROYED = "epoch_destroyed"  # the keys of the time it is dated in were destroyed


#: Reasons that refuse a message as a whole. How many events such a message held cannot be known,
#: so it counts as exactly one event: in, and rejected.
WHOLE_MESSAGE = frozenset(list(Rejected)[:9])
