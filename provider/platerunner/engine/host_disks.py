"""Disk of the hosts behind queues: Batch gives a job on EC2 what its host has, however much the job asks for."""

from collections.abc import Iterator, Mapping

from platerunner.catalog.quantities import QuantityError, size


class TooLargeError(Exception):
    """No hosts have that much; the message is a clause with the remedy."""


def read_host_disks(texts: Mapping[str, str]) -> dict[str, int]:
    """Bytes by queue.

    :param texts: queue, by its name in the connection, to a size such as ``170 GiB``.
    :raises QuantityError: if one is no size.
    """
    return {name: size(text) for name, text in texts.items()}


def host_disk_problems(texts: Mapping[str, str], queues: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with a connection's ``host_disk``, each with its remedy."""
    for name in sorted(set(texts) - set(queues)):
        yield f"host_disk names {name!r}, which is no queue of it; it has {', '.join(sorted(queues))}"
    for name, text in sorted(texts.items()):
        try:
            size(text)
        except QuantityError as error:
            yield f"host_disk of {name!r}: {error}"


def queue_with_room(name: str, rooms: Mapping[str, int], disk: int, declared: int, others: Iterator[str]) -> str:
    """The queue whose hosts have room for a job: the one that is meant, else the smallest of the others that has.

    A retry that asks for more than any hosts have goes to those that have most, which is all that can be done.

    :param name: of the queue that is meant.
    :param rooms: queue to the bytes of its hosts, as far as that is known.
    :param disk: bytes that are asked for now.
    :param declared: bytes that the step says.
    :param others: queues that may take the job, too.
    :raises TooLargeError: if the step itself says more than any hosts have.
    """
    if name not in rooms or disk <= rooms[name]:
        return name
    known = sorted((rooms[other], other) for other in {name, *others} if other in rooms)
    found = next((other for room, other in known if room >= disk), known[-1][1])
    if declared > known[-1][0]:
        have = ", ".join(f"{other} {room / 1024**3:.0f} GiB" for room, other in known)
        raise TooLargeError(
            f"asks for {declared / 1024**3:.0f} GiB of disk, and hosts have {have}: ask for less, or for a `pool` of "
            "hosts with more"
        )
    return found
