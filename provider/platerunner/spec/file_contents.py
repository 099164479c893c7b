"""Files beside the spec that a tool would refuse after hours, looked at beforehand: plate maps."""

from pathlib import Path

from platerunner.catalog.model import Parameter
from platerunner_unit.contract.delimited import BadTableError
from platerunner_unit.contract.plate_map import read_plate_map


class UnfitFileError(Exception):
    """A file does not hold what a module wants of it; the message says why, `remedy` what to do."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(f"{message}. {remedy}")
        self.message, self.remedy = message, remedy


def check_content(parameter: Parameter, name: str, path: Path) -> None:
    """Refuse a file that does not hold what the catalog says of a parameter.

    :param name: of the file, as the spec has it.
    :raises UnfitFileError: with the line, as far as there is one.
    """
    if parameter.content != "plate-map":
        return
    try:
        read_plate_map(path.read_bytes())
    except BadTableError as error:
        remedy = f"{error.remedy[0].upper()}{error.remedy[1:]}."
        raise UnfitFileError(error.of(f"`{name}`"), remedy) from None
    except OSError as error:
        raise UnfitFileError(
            f"`{name}` cannot be read: {error.strerror}", "Give yourself the right to read it."
        ) from None
