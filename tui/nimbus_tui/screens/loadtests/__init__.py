"""What a release stands under load."""

from nimbus_tui.screens.entry import Entry

ENTRY = Entry(place=5, folder="loadtests", name="Load tests", short="Load", screen="LoadTests")
