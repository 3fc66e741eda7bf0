"""Two small trained pipelines and texts for them, so that everything can be tried without a download.

`nimbus.demo.corpus` writes the texts, `nimbus.demo.train` trains the pipelines.
"""

from pathlib import Path
from typing import Final

PIPELINES: Final = Path(__file__).parent / "pipelines"
"""The folder of the trained pipelines: `support_trf` and `support_cnn`."""

TEXTS: Final = Path(__file__).parent / "texts.jsonl"
"""600 texts, as JSONL: {"id", "text", "channel", "received"}."""
