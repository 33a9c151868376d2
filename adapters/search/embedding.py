"""What turns texts into vectors, as the rest of the search sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Embedder(Protocol):
    """Texts to vectors of length 1, whose products say how near their meanings are."""

    @property
    def name(self) -> str:
        """Whose vectors these are: vectors of different names are never compared."""
        ...

    @property
    def most_texts(self) -> int:
        """How many texts of one file are worth the time; a longer file is found by its words."""
        ...

    async def embed(self, texts: Sequence[str], *, asked: bool) -> NDArray[np.float32]:
        """A row for each text, all of one width; a text that is too long counts by its beginning.

        `asked` says that somebody waits: these go before texts of files.

        Raises:
            BobbinError: something that may pass, or a setting that is wrong.
        """
        ...

    async def close(self) -> None:
        """Give back threads and connections."""
        ...
