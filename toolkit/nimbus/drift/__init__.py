"""Drift reports: what changed in the documents and predictions of a run, by how much, since when, and what to do."""
