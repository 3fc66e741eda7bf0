"""What a bundle asks spaCy for: its factory, its architectures and its callbacks, by entry point."""
