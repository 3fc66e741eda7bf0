"""The command line: one module a verb; it parses, calls a use case, prints and sets the exit code."""
