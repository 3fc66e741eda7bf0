"""A bundle behind HTTP, for load tests and for those who cannot wait for the next run.

One process listens and holds no pipeline; worker processes score what it hands them. Texts of
different requests share a batch, and a document that kills its worker takes no other with it.
"""
