"""From a release to the live one: shadow, gate, canary."""
