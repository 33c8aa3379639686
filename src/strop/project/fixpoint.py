"""What is the answer to a question whose answer depends on itself?

A name in a loop is what it was before or what its next value makes of it; two functions return what the other returns.
Such questions are worked out together: each begins as unknown, and all are asked again until none changes. So an answer
doesn't depend on which question came first, which file was read before which, or what a cache held.
"""

from __future__ import annotations

from collections.abc import Callable

from strop.project.scope import Answer, Ref
from strop.project.watch import Watch

_ROUNDS = 12  # after so many the answers go in circles: nothing is known of any of them
FREE = 1 << 30  # waits for nothing


class Fixpoint:
    """Asks questions about definitions, each of which may ask others."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self.lowest = FREE  # the deepest question that what is being worked out had to wait for
        self._depth = 0
        self._round = 0
        self._changed = False
        self._open: list[Answer] = []  # those that wait for one further down, in the order they were asked

    def descend(self) -> int:
        """Another question is begun that is not one of ours; gives its depth."""
        self._depth += 1
        return self._depth - 1

    def ascend(self) -> None:
        """It is answered."""
        self._depth -= 1

    def ask(self, answer: Answer, key: str, work_out: Callable[[], Ref | None]) -> Ref | None:
        """The answer that `work_out` gives for the definition under this key."""
        self.watch.current.add(key)
        if answer.known:
            return answer.ref
        if answer.depth >= 0:  # it is being worked out: what is known so far
            self.lowest = min(self.lowest, answer.depth)
            return answer.ref
        if answer.round == self._round and answer.round:
            self.lowest = min(self.lowest, answer.lowest)
            return answer.ref
        return self._work_out(answer, key, work_out)

    def _work_out(self, answer: Answer, key: str, work_out: Callable[[], Ref | None]) -> Ref | None:
        outer, depth, begun = self.lowest, self._depth, len(self._open)
        before = self.watch.enter(key)
        answer.depth = depth
        self._depth += 1
        if not depth:
            self._round += 1
        changed_outside, self._changed = self._changed, False
        rounds, dropped = 0, list[Answer]()
        while True:
            self.lowest = FREE
            ref = work_out()
            if ref != answer.ref:
                answer.ref = ref
                self._changed = True
            if self.lowest != depth or not self._changed:  # waits for another, for nothing, or is settled
                break
            rounds += 1
            if rounds == _ROUNDS:
                self._give_up(answer, begun)
                break
            self._changed = False
            self._round += 1
            dropped += self._open[begun:]
            del self._open[begun:]
        self._depth -= 1
        answer.depth = -1
        self.watch.leave(before)
        if self.lowest >= depth:
            self._settle(answer, begun, dropped)
            self._changed = changed_outside
            self.lowest = outer
        else:
            answer.round, answer.lowest = self._round, self.lowest
            self._open.append(answer)
            self._changed |= changed_outside
            self.lowest = min(outer, self.lowest)
        return answer.ref

    def _settle(self, answer: Answer, begun: int, dropped: list[Answer]) -> None:
        answer.known = True
        for waiting in self._open[begun:]:
            waiting.known = True
        del self._open[begun:]
        for each in dropped:
            if not each.known:  # the last round did without it
                each.ref, each.round = None, 0

    def _give_up(self, answer: Answer, begun: int) -> None:
        answer.ref = None
        for waiting in self._open[begun:]:
            waiting.ref = None
