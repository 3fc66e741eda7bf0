"""Speed, measured side by side with what users have today. Nothing here is a test: figures are printed, not judged."""
