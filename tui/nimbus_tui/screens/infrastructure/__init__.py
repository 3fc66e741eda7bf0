"""What Terraform made, and what it would change."""

from nimbus_tui.screens.entry import Entry

ENTRY = Entry(place=6, folder="infrastructure", name="Infrastructure", short="Infra", screen="Infrastructure")
