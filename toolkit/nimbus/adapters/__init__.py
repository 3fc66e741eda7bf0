"""Adapters: one foreign library a file; its types do not leave it."""
