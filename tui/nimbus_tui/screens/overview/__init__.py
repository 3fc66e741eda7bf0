"""The first screen: how the pipeline is."""

from nimbus_tui.screens.entry import Entry

ENTRY = Entry(place=1, folder="overview", name="Overview", short="Overview", screen="Overview")
