"""A simulated organisation: seeded, vectorised, and labelled as simulated wherever it shows.

In the order of the data:

    config            what to simulate, checked whole
    randomness        the random numbers and identities that follow from it
    organisation      who works there: teams, screens, hands
    habits            how applications are used (tables of likelihoods)
    hours             when people are at work, in slices of time
    tempo             how often they take something up
    steps             what they set out to do, in which application
    movements         where the pointer goes for it, and how long that takes: Fitts's law
    atoms             a step's pieces in order: movement, press, keys, ...
    pointer, hands    the events of the pieces (bursts): minimum jerk; clicks, wheel, keys
    timeline          when each step happens, and all events in one order
    act               the last five as one function; state carries over between slices
    batches           events cut into interaction batches
    generate          all of it, slice by slice
    broken            messages that must be refused
    people            who shares, withdraws, pauses
    expectation       what the streams must make of all that
    phases            messages and ledger records in the order in which that is exact
    publish, rates    phases into a publisher, at a pace; or only measured
    show              what the command prints
"""
