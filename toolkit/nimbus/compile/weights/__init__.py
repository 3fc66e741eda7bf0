"""Saved weights, read as data: tensors are rebuilt and nothing else is."""
