"""Projects: the first nimbus.toml, by looking at what is there."""
