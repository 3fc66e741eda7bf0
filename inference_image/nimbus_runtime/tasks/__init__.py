"""What a container does for a run in the cloud: plan it, score shards of it, commit it.

A task returns nothing but its exit code; what it decided stands in the root of the pipeline, where
the state machine that started it reads it.
"""
