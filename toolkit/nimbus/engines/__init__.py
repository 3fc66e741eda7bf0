"""What a container engine is asked for, and how it refuses: the values that use cases and adapters share."""
