"""The checks of a preflight: small functions of what was found, to what it means and what to do."""
