"""What every part of Nimbus agrees on: errors, documents and the records of a run.

Only the standard library is imported here, so that a command line, a planner or a
committer can speak the protocol without paying for spaCy.
"""
