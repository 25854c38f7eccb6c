"""A simulated organisation: seeded, vectorised, and labelled as simulated wherever it shows.

What follows from what, in the order of the data:

    config         what to simulate, checked whole
    organisation   who works there: teams, screens, hands, habits         (config -> people)
    hours          when they are at work                                  (people -> windows)
    steps          what they set out to do, in which application          (windows -> steps)
    movements      where the pointer goes for it: Fitts's law             (steps -> movements)
    atoms          presses, movements, keys: a step's pieces in order     (steps -> atoms)
    pointer, hands the events of a piece: minimum jerk, press times       (atoms -> bursts)
    timeline       when each step happens, and all events in order        (bursts -> rows)
    batches        rows cut into interaction batches                      (rows -> batches)
    generate       all of it, slice of time by slice of time
    broken         messages that must be refused
    people         who shares, withdraws, pauses
    expectation    what the gate must make of it
    phases         data and ledger records in the order in which the outcome is exact
    publish        phases into a publisher, at a pace
"""
