"""What people would use instead of Glasshouse, doing the same work on the same events, one event a
message; and a loop that has as many events a message as Glasshouse.

    workload ─▶ apart ─▶ feed ─▶ broker ─▶ program (work, insert) ─▶ ClickHouse
    of throughput         └────▶ expected ─────────────────────────▶ compared

``measure`` is what others call; ``run`` is one run. Each peer has a folder with its program and
the packages it needs, locked; ``environment`` installs them apart from the product's. What is done
to an event is in ``work``, the same for all: peers differ in how events reach it and leave it.
"""
