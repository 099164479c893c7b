"""Check the prose of docs, docstrings and comments: proselint's advice, and turns of phrase that the house avoids.

    python scripts/check_prose.py

Words that have a plainer one are codespell's part (`scripts/plain_words.txt`). Here are phrases: inverted clauses,
passives without a doer, "for" in place of "because". Each line of `scripts/plain_phrases.txt` is a regular expression,
`->`, and what to write. Ends with 1 and a line per finding, like a compiler: file, line, what, remedy.
"""

import io
import re
import subprocess
import sys
import tempfile
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / "scripts" / "proselint.json"
PHRASES = ROOT / "scripts" / "plain_phrases.txt"
CODE = ("provider", "plugins", "containers", "scripts", "dags", "benchmarks")
PROSE = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "docs")


def main() -> int:
    """Check everything; the number of findings, at most 1."""
    texts = {path.relative_to(ROOT): text for path, text in _texts()}
    found = [*_phrases(texts), *_proselint(texts)]
    print("\n".join(found) if found else f"{len(texts)} files read well")
    return min(len(found), 1)


def _texts() -> Iterator[tuple[Path, str]]:
    """Each file's prose, with as many lines as the file has."""
    for name in CODE:
        for path in sorted((ROOT / name).rglob("*.py")):
            yield path, prose_of(path.read_text("utf-8"))
    for name in PROSE:
        for path in sorted((ROOT / name).rglob("*.md")) or [ROOT / name]:
            yield path, re.sub(r"`[^`\n]*`", "`x`", path.read_text("utf-8"))


def prose_of(code: str) -> str:
    """Comments and docstrings of Python code, at their lines; all else is blank.

    :param code: of a module.
    """
    lines = [""] * (code.count("\n") + 1)
    before = tokenize.NEWLINE
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        is_docstring = token.type == tokenize.STRING and before in (tokenize.NEWLINE, tokenize.INDENT)
        if token.type == tokenize.COMMENT or is_docstring:
            for line, text in enumerate(token.string.splitlines(), token.start[0] - 1):
                lines[line] = re.sub(r"``[^`]*``|`[^`]*`", "`x`", text.strip(' #"'))
        if token.type not in (tokenize.NL, tokenize.COMMENT, tokenize.DEDENT):
            before = token.type
    return "\n".join(lines) + "\n"


def _phrases(texts: dict[Path, str]) -> Iterator[str]:
    """What the house writes in another way."""
    rules = [line.split(" -> ") for line in PHRASES.read_text("utf-8").splitlines() if " -> " in line]
    compiled = [(re.compile(rf"\b(?:{phrase})\b"), remedy) for phrase, remedy in rules]
    for path, text in texts.items():
        for number, line in enumerate(text.splitlines(), 1):
            for phrase, remedy in compiled:
                if match := phrase.search(line):
                    yield f"{path}:{number}: `{match[0]}`: write {remedy}"


def _proselint(texts: dict[Path, str]) -> Iterator[str]:
    """What proselint says; it reads files, so the prose of code becomes some."""
    with tempfile.TemporaryDirectory() as folder:
        for path, text in texts.items():
            target = Path(folder) / f"{path}.md"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, "utf-8")
        command = [sys.executable, "-m", "proselint", "check", "--config", str(CONFIG), folder]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode not in (0, 1):
        yield f"proselint: {run.stderr.strip()}"
    for line in run.stdout.splitlines():
        where, _, advice = line.partition(".md:")
        if advice:
            yield f"{where.partition(f'{folder}/')[2]}:{advice}"


if __name__ == "__main__":
    sys.exit(main())
