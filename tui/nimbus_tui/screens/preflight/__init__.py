"""Whether the pipeline could be deployed."""

from nimbus_tui.screens.entry import Entry

ENTRY = Entry(place=7, folder="preflight", name="Preflight", short="Checks", screen="Preflight")
