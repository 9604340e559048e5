"""Other people's code that we serve is what its README says it is."""

import re
from hashlib import sha256
from pathlib import Path

import pytest

VENDOR = Path(__file__).parent.parent / "static" / "vendor"


@pytest.mark.parametrize("folder", sorted(VENDOR.iterdir()), ids=lambda folder: folder.name)
def test_each_vendored_file_has_the_digest_that_is_written_down(folder: Path) -> None:
    said = dict(re.findall(r"^ {4}([0-9a-f]{64})  (\S+)$", (folder / "README.md").read_text(), re.M))
    found = {name: digest for digest, name in said.items()}
    served = {
        file.name: sha256(file.read_bytes()).hexdigest()
        for file in folder.iterdir()
        if file.suffix in {".js", ".css"}
    }
    assert found == served and served
    licence = (folder / "LICENSE").read_text().lstrip()
    assert licence.startswith(("The MIT License", "MIT License", "Apache License", "# License information"))
