"""What stands for a served application whose answers are known already, and starts it when somebody asks for more?"""

from __future__ import annotations

import threading
from collections.abc import Callable

from strop.cell import Cell
from strop.measure.serve import Served
from strop.world.instance import REQUEST_LIMIT, Conditions, Instance, World


class Sleeping(Served):
    """A served application that is started, with databases of its own, when it is first asked for anything."""

    def __init__(
        self,
        world: World,
        make: Callable[[], Instance],
        conditions: Conditions | None = None,
        opening: Cell | None = None,
    ) -> None:
        """`opening` is served first, without a word: many applications connect at the first request."""
        self.conditions = conditions or Conditions()
        self._make = make
        self._opening = opening
        self._made: Instance | None = None
        self._waking = threading.RLock()  # whoever comes meanwhile waits; who wakes it asks it himself
        self._statements = ()
        self._holds = False
        self._limit = min(REQUEST_LIMIT, world.target.time_limit)

    @property
    def instance(self) -> Instance:
        """The copy of the application, which runs from here on. Raises the Problem that explains a failure."""
        with self._waking:
            if self._made is None:
                self._made = self._make()
                self.start()
                self.describe()  # it builds the schema once, as every base does
                if self._opening is not None:
                    self.serve(self._opening)
            return self._made
