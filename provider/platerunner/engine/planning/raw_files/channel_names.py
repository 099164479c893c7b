"""What a microscope itself calls its channels, in the index or the settings that it wrote beside the images."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from io import StringIO

from platerunner.engine.planning.raw_files.xml_records import BadXmlError, read_records
from platerunner.spec.microscopes import ChannelNames
from platerunner_unit.contract.patterns import Pattern
from platerunner_unit.contract.storage import Storage

MOST = 20
"""Files that are read: each plate has its own, and all should agree."""


def find_channel_names(told: ChannelNames, keys: Iterable[str], storage: Storage) -> tuple[dict[str, str], str]:
    """The names of channels, fit for files, and the file that says so; none where plates differ, or two have one name.

    :param told: where the microscope says it.
    :param keys: of all files.
    """
    pattern = Pattern.parse(told.file)
    files = [key for key in keys if pattern.match(key[key.rfind("/") + 1 :]) is not None][:MOST]
    found = [_usable(dict(_names(told, storage.get(key)))) for key in files]
    if not found or any(each != found[0] for each in found) or len(set(found[0].values())) < len(found[0]):
        return {}, ""
    return found[0], files[0]


def _names(told: ChannelNames, content: bytes) -> Iterator[tuple[str, str]]:
    if told.lines:
        pattern = Pattern.parse(told.lines)
        for row in csv.reader(StringIO(content.decode("latin-1")), skipinitialspace=True):
            values = pattern.match(row[0]) if len(row) > 1 else None
            if values is not None:
                yield str(values["channel"]), row[1]
        return
    for record in told.records:
        try:
            pairs = {each.get(told.channel): each.get(told.name) for _, each in read_records(content, record)}
        except BadXmlError:
            return  # a plan by the index says what is wrong with it
        if any(pairs.values()):
            yield from ((channel, name) for channel, name in pairs.items() if channel and name)
            return


def _usable(names: Mapping[str, str]) -> dict[str, str]:
    """The names without what is a nuisance in the name of a file."""
    plain = {channel: re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_") for channel, name in names.items()}
    return {channel: name for channel, name in plain.items() if name}
