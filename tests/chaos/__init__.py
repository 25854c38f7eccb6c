"""A chaos run: the whole pipeline under faults, against an oracle that knows the input alone.

faults        what can go wrong, and when: a seed's schedule
made          what a seed publishes: recorded and simulated sessions, moved in time, repeated
words         what people say about their consent before and during a run
producer      publishes it, as a process that can be killed
proxy         stands between everybody and the broker: cuts, refuses, falls silent
launch        starts a worker or a loader with another clock, or broken on purpose
broken        three ways to break the product from outside
kafka         the embedded broker, or a real one that can be killed and keeps its data
processes     workers, loaders and producers: started, killed, paused, started again
stack         all of it together, for one seed
inflict       does a fault to the stack, and tells whether it was met
drain         waits until everything that was published is in the tables
expected      what the tables must hold, worked out without any of the above
tables        what they do hold
compare       the differences
run           one seed from its input to its verdict
show          what a person sees
"""
