"""Releases: what is live, what could be, and the way from one to the other and back."""
