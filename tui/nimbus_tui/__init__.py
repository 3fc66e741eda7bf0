"""The terminal interface; it stands beside the command line, above `nimbus.assembly`."""
