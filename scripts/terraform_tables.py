"""Inputs and outputs of Terraform modules, as tables in their READMEs.   terraform_tables.py [--check]

Between the marks that a README has, the tables are made again from variables.tf and outputs.tf; ``--check`` changes
nothing and fails if one is stale.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

TERRAFORM = Path(__file__).parents[1] / "terraform"
START, END = "<!-- tables -->", "<!-- end of tables -->"
SHORT = 60
"""Letters of a type or a default that a table shows; of longer ones it shows the kind."""


def blocks(text: str, kind: str) -> Iterator[tuple[str, str]]:
    """Name and body of each block of a kind, as `terraform fmt` lays them out.

    :param kind: ``variable`` or ``output``.
    """
    for match in re.finditer(rf'^{kind} "(?P<name>\w+)" {{\n(?P<body>.*?)^}}', text, re.MULTILINE | re.DOTALL):
        yield match["name"], match["body"]


def argument(body: str, name: str) -> str | None:
    """An argument's text; a default of several lines ends where the next argument begins."""
    found = re.search(rf"^  {name} += (.*?)(?=^  \w|^  }}?$|^\n|\Z)", body, re.MULTILINE | re.DOTALL)
    return None if found is None else found[1].strip()


def brief(text: str) -> str:
    """One line of a type or a default."""
    line = re.sub(r"\s+", " ", re.sub(r"(?<=[^{(\[,])\n\s*(?=[^})\]])", ", ", text))
    if len(line) <= SHORT:
        return line
    return re.sub(r"^((?:\w+\()*)[\[{(]?.*", r"\1...", line) + ")" * line.split("{")[0].count("(")


def cell(text: str) -> str:
    """Text in code type, whose bars do not end the cell."""
    return f"`{text}`".replace("|", "\\|")


def tables(folder: Path) -> str:
    """Both tables of a module.

    :param folder: of the module.
    """
    lines = ["## Inputs", "", "| name | what | type | default |", "|---|---|---|---|"]
    for name, body in blocks((folder / "variables.tf").read_text(), "variable"):
        kind, default = argument(body, "type"), argument(body, "default")
        needed = "needed" if default is None else cell(brief(default))
        needed = "see `variables.tf`" if needed == "`...`" else needed
        lines.append(f"| {cell(name)} | {_said(body)} | {cell(brief(kind or 'any'))} | {needed} |")
    lines += ["", "## Outputs", "", "| name | what |", "|---|---|"]
    for name, body in blocks((folder / "outputs.tf").read_text(), "output"):
        lines.append(f"| {cell(name)} | {_said(body)} |")
    return "\n".join(lines)


def _said(body: str) -> str:
    found = argument(body, "description")
    if found is None:
        raise SystemExit(f"no description in: {body}")
    return found.strip('"').replace("|", "\\|")


def fresh(readme: Path) -> str:
    """What a README should be.

    :raises SystemExit: if it has no marks.
    """
    text = readme.read_text()
    before, start, rest = text.partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        raise SystemExit(f"{readme}: no {START} and {END}")
    return f"{before}{START}\n{tables(readme.parent)}\n{END}{after}"


def main() -> None:
    """Write the tables, or check them."""
    folders = sorted(path.parent for path in TERRAFORM.glob("*/*/variables.tf"))
    stale = [
        folder / "README.md" for folder in folders if fresh(folder / "README.md") != (folder / "README.md").read_text()
    ]
    for readme in stale:
        if "--check" in sys.argv[1:]:
            print(f"{readme.relative_to(TERRAFORM.parent)} is stale: run python scripts/terraform_tables.py")
        else:
            readme.write_text(fresh(readme))
    if stale and "--check" in sys.argv[1:]:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
