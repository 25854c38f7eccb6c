"""Who read personal data, and who administered what: recorded before it is done, in a log that
shows what was changed in it.

A log is a file on the machine where commands run, so that an act can be recorded whatever server is
away. `glasshouse audit collect` takes the entries to ClickHouse, `glasshouse audit verify` follows
the chain in both places.
"""
