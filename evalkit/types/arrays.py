"""Names of the columns' types, for the type checker alone: nothing here imports numpy at run time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int32]
    Floats = NDArray[np.float64]
    Arrays = Mapping[str, NDArray[Any]]
