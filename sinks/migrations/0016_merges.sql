-- Merging the largest table took more of a processor than inserting into it. With a base of 15 parts are
-- larger or fewer when they are merged, so that a row is written again two times where it was three.
ALTER TABLE training.interactions{on_cluster}
    MODIFY SETTING merge_selector_base = 15;
