"""What was done from here, as command lines."""

from nimbus_tui.screens.entry import Entry

ENTRY = Entry(place=8, folder="commandlog", name="Command log", short="Log", screen="CommandLog")
