"""Every row of docs/faults.md is backed by a test that exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROWS = [
    line
    for line in (ROOT / "docs" / "faults.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| fault |")
]


def test_the_page_has_rows() -> None:
    assert len(ROWS) > 30


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip())
def test_its_proof_exists(row: str) -> None:
    fault, *_, proof = (cell.strip() for cell in row.strip("|").split("|"))
    found = re.fullmatch(r"`([\w/]+\.py)::(test_\w+)`", proof)
    assert found, f"{fault}: no test is named"
    tree = ast.parse((ROOT / "tests" / found[1]).read_text(encoding="utf-8"))
    assert found[2] in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
