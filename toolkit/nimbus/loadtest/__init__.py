"""Load tests: locust makes the load in processes of its own, this says what came of it."""
