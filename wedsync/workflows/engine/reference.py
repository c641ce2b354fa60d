"""The page of all functions, `docs/functions.md`, from their descriptions:

python -m wedsync.workflows.engine.reference > docs/functions.md
"""

import json
import sys

from wedsync.workflows.engine.functions import GROUPS, Argument, Function
from wedsync.workflows.engine.typed import KNOWN

_HEAD = """\
# Functions

What a workflow's values and conditions can be worked out with, beside plain JSONLogic. A function
is written `{"<name>": [<arguments>]}`; `?` marks an argument that may be left out, `…` one that may
come several times. Texts are compared whatever their case, accents and spaces; money is whole minor
units with its currency; a test of something that is not there is not fulfilled.
"""


def page() -> str:
    """The page as Markdown."""
    parts = [_HEAD]
    for prefix, heading in GROUPS.items():
        rows = [_row(each) for each in KNOWN.values() if each.name.startswith(f"{prefix}.")]
        parts.append(
            f"## {heading}\n\n| function | in words | gives | for example |\n|---|---|---|---|\n"
            + "\n".join(rows)
            + "\n"
        )
    return "\n".join(parts)


def _row(function: Function) -> str:
    arguments = ", ".join(_argument(each) for each in function.arguments)
    about = " ".join(function.about.split())
    given = ", ".join(_json(value) for value in function.example.given)
    example = f"`{given}` → `{_json(function.example.gives)}`".replace("|", "\\|")
    return (
        f"| `{function.name}` ({arguments}) | {function.label}: {about} "
        f"| {function.gives.name} | {example} |"
    )


def _argument(argument: Argument) -> str:
    mark = "…" if argument.several else "" if argument.needed else "?"
    return f"{argument.words}: {argument.kind.name}{mark}"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    sys.stdout.write(page())
