"""Whoever receives what we send: programs in their own languages, given requests to judge.

A program defines or exports `verify(headers, body)`; it gives what was sent, or refuses.
"""

import base64
import html
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.personas import Persona
from tests.workers.scene import Sink
from wedsync.settings import CHECKOUT

REFUSED = "refused"
_TIMEOUT_S = 60
_SNIPPET = re.compile(
    r'<h3[^>]*id="snippet-(?P<name>\w+)".*?<pre[^>]*><code>(?P<code>.*?)</code></pre>\s*'
    r'<button[^>]*data-copy="(?P<copied>[^"]*)"',
    re.DOTALL,
)
_RUNNERS = {
    "python": """
import base64, json, sys
sys.path.insert(0, sys.argv[1])
from snippet import verify
said = []
for case in json.load(sys.stdin):
    try:
        said.append(verify(case["headers"], base64.b64decode(case["body"])))
    except Exception as error:
        print(type(error).__name__, error, file=sys.stderr)
        said.append("refused")
print(json.dumps(said))
""",
    "javascript": """
import { verify } from "./snippet.mjs";
import { readFileSync } from "node:fs";
const said = JSON.parse(readFileSync(0, "utf8")).map((each) => {
  try {
    return verify(each.headers, Buffer.from(each.body, "base64"));
  } catch (error) {
    console.error(String(error));
    return "refused";
  }
});
console.log(JSON.stringify(said));
""",
    "php": """<?php
require __DIR__ . '/snippet.php';
$said = [];
foreach (json_decode(file_get_contents('php://stdin'), true) as $case) {
    try {
        $said[] = verify($case['headers'], base64_decode($case['body']));
    } catch (Exception $error) {
        fwrite(STDERR, get_class($error) . ' ' . $error->getMessage() . PHP_EOL);
        $said[] = 'refused';
    }
}
echo json_encode($said);
""",
}
_SUFFIXES = {"python": "py", "javascript": "mjs", "php": "php"}
_PROGRAMS = {"javascript": "node", "php": "php"}


@dataclass(frozen=True)
class Received:
    """One request as it came."""

    headers: Mapping[str, str]
    body: bytes

    def but(self, **headers: str | None) -> "Received":
        """With these headers instead; None leaves one out. `webhook_id` is `webhook-id`."""
        changed = {name.replace("_", "-"): value for name, value in headers.items()}
        kept = {**self.headers, **changed}
        return replace(self, headers={n: v for n, v in kept.items() if v is not None})


def received(sink: Sink, path: str) -> list[Received]:
    """What came to a path, in order."""
    return [
        Received(each["headers"], each["body"].encode("latin-1"))
        for each in sink.requests()
        if each["path"] == path
    ]


def shown(persona: Persona, endpoint_id: Any, language: str) -> dict[str, str]:
    """The snippets on an endpoint's page, by name; what is copied is what is shown."""
    answer = persona.browser.get(f"/webhooks/endpoints/{endpoint_id}/secrets?in={language}")
    assert answer.status_code == 200
    found = {}
    for match in _SNIPPET.finditer(answer.get_data(as_text=True)):
        assert match["copied"].replace("&#10;", "\n") == match["code"]
        found[match["name"]] = html.unescape(match["code"])
    return found


def judged(
    language: str,
    code: str,
    cases: Sequence[Received],
    folder: Path,
    *,
    secret: str = "",
    libraries: bool = True,
) -> list[Any]:
    """What a program says of each request: what was sent, or `REFUSED`.

    Without `libraries` only what comes with the language can be had.
    """
    folder.mkdir(parents=True, exist_ok=True)
    suffix = _SUFFIXES[language]
    (folder / f"snippet.{suffix}").write_text(code)
    (folder / f"run.{suffix}").write_text(_RUNNERS[language])
    modules = folder / "node_modules"
    if language == "javascript" and libraries and not modules.exists():
        modules.symlink_to(CHECKOUT / "node_modules")
    given = [{"headers": dict(c.headers), "body": base64.b64encode(c.body).decode()} for c in cases]
    ran = subprocess.run(
        _command(language, folder, libraries=libraries),
        input=json.dumps(given),
        env={"PATH": os.environ["PATH"], "WEDSYNC_SECRET": secret},
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    said: list[Any] = json.loads(ran.stdout)
    assert len(said) == len(cases), ran.stderr
    return said


def _command(language: str, folder: Path, *, libraries: bool) -> list[str]:
    run = str(folder / f"run.{_SUFFIXES[language]}")
    if language == "python":
        alone = [] if libraries else ["-I", "-S"]
        return [sys.executable, *alone, run, str(folder)]
    program = shutil.which(_PROGRAMS[language])
    assert program is not None, f"{_PROGRAMS[language]} is missing: “make setup” brings it"
    return [program, run]
