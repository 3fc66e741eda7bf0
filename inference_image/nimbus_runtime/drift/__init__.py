"""Drift: a window of documents against a reference, by their monitoring features, with numpy alone.

A comparison needs a significant and a large difference to call it material: at scale anything is
significant, and in a handful of documents anything may be large.
"""
