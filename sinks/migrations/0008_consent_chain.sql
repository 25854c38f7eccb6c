-- What a consent record has said since it stands in a chain. `hash` is of the columns from `who` on
-- and of purpose, action, notice and time, but not of the pseudonym: so a chain can be checked here
-- (`events/consent_hash.py`), and nobody can try a list of employees on it.
ALTER TABLE governance.consent_log{on_cluster}
    ADD COLUMN IF NOT EXISTS notice_sha256 LowCardinality(String) COMMENT 'SHA-256 of the notice''s text, hex; empty as the notice''s version is.',
    ADD COLUMN IF NOT EXISTS lawful_basis LowCardinality(String) COMMENT 'What was acknowledged or granted; empty as the notice''s version is.',
    ADD COLUMN IF NOT EXISTS actor_role LowCardinality(String) COMMENT 'Who wrote the record: subject, representative or operator.',
    ADD COLUMN IF NOT EXISTS actor_id LowCardinality(String) COMMENT 'Which of them: an opaque id; empty for the subject.',
    ADD COLUMN IF NOT EXISTS jurisdiction LowCardinality(String) COMMENT 'The person''s law, ISO 3166; ZZ: not told.',
    ADD COLUMN IF NOT EXISTS number Int64 DEFAULT -1 COMMENT 'Place in the chain of this person and purpose, from 0; -1: from before there were chains.',
    ADD COLUMN IF NOT EXISTS who String COMMENT 'Commitment to the person, SHA-256, hex: another one in every record.',
    ADD COLUMN IF NOT EXISTS previous String COMMENT 'Hash of the record before; empty for the first of a chain.',
    ADD COLUMN IF NOT EXISTS hash String COMMENT 'Hash of this record, SHA-256, hex.',
    MODIFY COLUMN action COMMENT 'acknowledge, grant, withdraw, pause, resume or object.',
    MODIFY COLUMN notice_version COMMENT 'The notice that was acknowledged or granted; empty for every other action.';
