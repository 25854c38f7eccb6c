"""The hash chain over the accounting: how links are made, and how a change is found.

The messages of one partition of the accounting topic, in the order of their offsets, are one chain.
What a link holds is a function of what Kafka holds, so that whoever loads a message again makes the
same link. Nothing here is secret: a chain shows what was changed after the fact to whoever keeps a
later hash of it somewhere else (``witness``).
"""
