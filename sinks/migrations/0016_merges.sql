-- Merging the largest table took more of a processor than inserting into it. With a base of 15 (5 is the
-- default) more parts are merged at a time, so that a row is written anew less often.
ALTER TABLE training.interactions{on_cluster}
    MODIFY SETTING merge_selector_base = 15;
