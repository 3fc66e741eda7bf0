"""Texts to pieces: one module a family of tokenizers."""
