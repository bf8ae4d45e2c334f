"""What holds for every test."""

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="module")
def _light_collections() -> Iterator[None]:
    """Keep what earlier modules left behind out of later garbage collections.

    Some tests make hundreds of thousands of objects that caches hold on to; every full collection
    after them would walk all of these, and a test with hundreds of examples collects often.
    """
    yield
    gc.collect()
    gc.freeze()
