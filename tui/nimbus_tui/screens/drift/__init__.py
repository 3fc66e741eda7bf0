"""Whether what runs read and predict has moved."""

from nimbus_tui.screens.entry import Entry

ENTRY = Entry(place=4, folder="drift", name="Drift", short="Drift", screen="Drift")
