"""Load the weights of sentence embeddings and of telling languages ahead of need."""

from __future__ import annotations

from cxlib.voc._embed import encoder
from cxlib.voc._language import identifier


def load() -> None:
    """Load both, where they are installed: two seconds, and 150 MB to be shared."""
    encoder()
    identifier()
