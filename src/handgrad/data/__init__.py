"""Data: where it is found, how it is read and refused, and the sets an experiment uses."""

from handgrad.data.examples import Data, Examples, Source
from handgrad.data.sources import load_source
from handgrad.data.splits import load_data

__all__ = ["Data", "Examples", "Source", "load_data", "load_source"]
