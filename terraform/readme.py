#!/usr/bin/env python3
"""Writes the tables of inputs and outputs into the READMEs of modules and examples, from their own files.

    terraform/readme.py            writes them
    terraform/readme.py --check    prints which are not current, and fails

It reads this project's style of Terraform and no other: a block's first line is `variable "name" {`, its last is `}` in
the first column, and an attribute of the block is indented by two.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
BEGIN = "<!-- tables: written by terraform/readme.py -->"
END = "<!-- end of tables -->"


@dataclass(frozen=True, slots=True)
class Variable:
    """An input. `default` is as it is written, None without one; `validations` counts blocks."""

    name: str
    description: str
    type: str
    default: str | None
    nullable: bool
    validations: int


@dataclass(frozen=True, slots=True)
class Output:
    """An output."""

    name: str
    description: str


def blocks(folder: Path, kind: str) -> dict[str, str]:
    """Return the bodies of a folder's blocks of a kind, in the order of its files."""
    block = re.compile(rf'^{kind} "(\w+)" \{{\n(.*?)^\}}$', re.MULTILINE | re.DOTALL)
    return {
        found[1]: found[2]
        for path in sorted(folder.glob("*.tf"))
        for found in block.finditer(path.read_text(encoding="utf-8"))
    }


def attribute(body: str, name: str) -> str | None:
    """Return what stands after `name =`, which may go on over lines that are indented more, or close a bracket."""
    found = re.search(rf"^  {name}\s+= (.*(?:\n(?:   .*|  [)\]}}]+))*)", body, re.MULTILINE)
    return found[1] if found else None


def variables(folder: Path) -> list[Variable]:
    """Return a module's inputs."""
    return [
        Variable(
            name,
            (attribute(body, "description") or "").strip('"').replace('\\"', '"'),
            attribute(body, "type") or "",
            attribute(body, "default"),
            attribute(body, "nullable") != "false",
            body.count("\n  validation {"),
        )
        for name, body in blocks(folder, "variable").items()
    ]


def outputs(folder: Path) -> list[Output]:
    """Return a module's outputs."""
    return [
        Output(name, (attribute(body, "description") or "").strip('"'))
        for name, body in blocks(folder, "output").items()
    ]


def tables(folder: Path) -> str:
    """Return a folder's inputs and outputs as Markdown."""
    lines = ["## Inputs", "", "| name | | type | default |", "|---|---|---|---|"]
    for variable in variables(folder):
        kind = variable.type.split("(", 1)[0] if variable.type.startswith("object") else variable.type
        default = "needed" if variable.default is None else f"`{variable.default}`"
        lines.append(f"| `{variable.name}` | {cell(variable.description)} | `{kind}` | {default} |")
    lines += ["", "## Outputs", "", "| name | |", "|---|---|"]
    lines += [f"| `{output.name}` | {cell(output.description)} |" for output in outputs(folder)]
    return "\n".join(lines)


def cell(text: str) -> str:
    """Return text as it stands in a table's cell."""
    return text.replace("|", "\\|")


def current(folder: Path) -> tuple[str, str]:
    """Return a folder's README as it is, and as it should be."""
    text = (folder / "README.md").read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        before, after = f"{text.rstrip()}\n\n", "\n"
    return text, f"{before}{BEGIN}\n\n{tables(folder)}\n\n{END}{after}"


def folders() -> list[Path]:
    """Return the folders of modules and examples."""
    return sorted(path.parent for path in HERE.glob("*/*/versions.tf"))


def main(arguments: list[str]) -> int:
    """Write the tables, or check them."""
    stale = []
    for folder in folders():
        text, wanted = current(folder)
        if text == wanted:
            continue
        stale.append(folder)
        if "--check" not in arguments:
            (folder / "README.md").write_text(wanted, encoding="utf-8")
    if "--check" in arguments and stale:
        names = ", ".join(str(folder.relative_to(HERE)) for folder in stale)
        print(f"Not current, run terraform/readme.py: {names}", file=sys.stderr)  # noqa: T201 - a script's only output
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
