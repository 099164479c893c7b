"""What was made and may be asked for again: the newest, up to a bound."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock


class Kept[T]:
    """The newest of what was made, by name.

    :param most: what all together may weigh.
    :param weigh: what one weighs, such as its bytes.
    """

    def __init__(self, most: int, weigh: Callable[[T], int] = lambda _: 1) -> None:
        self._most, self._weigh, self._used = most, weigh, 0
        self._lock = Lock()
        self._kept: OrderedDict[Hashable, T] = OrderedDict()

    def get(self, name: Hashable, make: Callable[[], T]) -> T:
        """What goes by a name; it is made if it is not there, and kept if it is not too heavy."""
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
                return self._kept[name]
        made = make()
        self._keep(name, made)
        return made

    def _keep(self, name: Hashable, made: T) -> None:
        with self._lock:
            if name in self._kept or self._weigh(made) > self._most:
                return
            self._kept[name] = made
            self._used += self._weigh(made)
            while self._used > self._most:
                self._used -= self._weigh(self._kept.popitem(last=False)[1])
