"""The inference image: what goes into it is decided as a value; an engine builds it; it is weighed, listed, pushed."""
