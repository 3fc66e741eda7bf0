"""Runs: how they go, what they set aside and said."""

from nimbus_tui.screens.entry import Entry

ENTRY = Entry(place=3, folder="runs", name="Runs", short="Runs", screen="Runs")
