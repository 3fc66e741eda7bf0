"""The part of Nimbus that runs in production: opens bundles, plans, scores and commits runs."""

__version__ = "0.1.0"
