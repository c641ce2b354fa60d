"""Stands in for the build tool of datalogic-py, which would ask for Rust.

pip wants to know the name and version of sources before it keeps them. `make suites` only wants the
sources, for the suites in them, and this tells pip what is written there already.
"""

from pathlib import Path


def prepare_metadata_for_build_wheel(folder: str, settings: object = None) -> str:
    """Called by pip inside the sources; gives the name of the folder it wrote in `folder`."""
    written = Path(folder) / "datalogic_py.dist-info"
    written.mkdir()
    (written / "METADATA").write_bytes(Path("PKG-INFO").read_bytes())
    return written.name
