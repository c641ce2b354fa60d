"""What every part of a manifest has in common: its base, and the forms its texts take."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,39}$")]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Words = Annotated[str, StringConstraints(min_length=1, max_length=300, strip_whitespace=True)]
Text = Annotated[str, StringConstraints(max_length=8_000)]


class Part(BaseModel):
    """A table of a manifest: nothing unknown in it, and it never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)
