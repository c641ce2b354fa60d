"""Cryptography as another implementation does it: Node's, over OpenSSL of its own."""

import json
import subprocess
from typing import Any

_PROGRAM = """
const crypto = require("node:crypto");
const bytes = (hex) => Buffer.from(hex, "hex");
const does = {
  open({ key, sealed, associated }) {
    const [all, extra] = [bytes(sealed), bytes(associated)];
    const cipher = crypto.createDecipheriv("aes-256-gcm", bytes(key), all.subarray(17, 29));
    cipher.setAAD(Buffer.concat([all.subarray(0, 17), extra]));
    cipher.setAuthTag(all.subarray(-16));
    return Buffer.concat([cipher.update(all.subarray(29, -16)), cipher.final()]).toString("hex");
  },
  derive({ key, purpose }) {
    const made = crypto.hkdfSync("sha256", bytes(key), "", purpose, 32);
    return Buffer.from(made).toString("hex");
  },
  verify({ key, signed, signature }) {
    const der = Buffer.concat([bytes("302a300506032b6570032100"), bytes(key)]);
    const known = crypto.createPublicKey({ key: der, format: "der", type: "spki" });
    return crypto.verify(null, bytes(signed), known, bytes(signature));
  },
  unsign({ key, salt, value, digest }) {
    const derived = crypto.createHmac(digest, bytes(key)).update(salt).digest();
    const [signed, signature] = [value.slice(0, value.lastIndexOf(".")), value.split(".").at(-1)];
    const made = crypto.createHmac(digest, derived).update(signed).digest("base64url");
    return made === signature;
  },
};
const { what, ...given } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(does[what](given)));
"""


def by_node(what: str, **given: str) -> Any:
    """`open`, `derive`, `verify` or `unsign`, with bytes as hexadecimal digits."""
    done = subprocess.run(
        ["node", "-e", _PROGRAM],
        input=json.dumps({"what": what, **given}),
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return json.loads(done.stdout)
