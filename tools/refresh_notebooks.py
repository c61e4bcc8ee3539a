"""Re-execute notebooks in place on data/sample and drop everything volatile.

A second run changes no byte unless a text or a chart changed.
"""

import sys
from pathlib import Path

# its grammars cost 2.5 s of import, and nothing here needs them
sys.modules.setdefault("rfc3987_syntax", None)

import nbformat  # noqa: E402
from nbclient import NotebookClient  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
METADATA = {
    "kernelspec": {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    },
    "language_info": {"name": "python"},
}


def refresh(path: Path) -> None:
    """Execute one notebook from its own folder and write it without timings."""
    notebook = nbformat.read(path, 4)
    where = {"metadata": {"path": str(path.parent)}}
    client = NotebookClient(notebook, resources=where, kernel_name="python3")
    client.execute()
    notebook.metadata = METADATA
    for cell in notebook.cells:
        tags = cell.metadata.get("tags")
        cell.metadata = {"tags": tags} if tags else {}
    nbformat.write(notebook, path)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1024:.0f} KB")


if __name__ == "__main__":
    chosen = [Path(name).resolve() for name in sys.argv[1:]]
    for notebook_path in chosen or sorted((ROOT / "notebooks").glob("*.ipynb")):
        refresh(notebook_path)
