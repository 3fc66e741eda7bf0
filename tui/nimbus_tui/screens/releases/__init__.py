"""Releases, and how what is live changed."""

from nimbus_tui.screens.entry import Entry

ENTRY = Entry(place=2, folder="releases", name="Releases", short="Releases", screen="Releases")
