"""Let git compare and merge notebooks cell by cell, in this repository only.

`.gitattributes` names a driver; what it does stands in this clone's .git/config and is
set here. Without this environment both drivers do what git does on its own.
Undo: `git config --remove-section diff.jupyternotebook`, and the same with merge.
"""

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

DRIVER = "jupyternotebook"
# git calls it with path old-file old-hex old-mode new-file new-hex new-mode,
# or with the path alone where a merge is not settled
DIFF = """f() {{
  if [ $# -lt 7 ]; then echo "* Unmerged path $1"; return; fi
  if [ -t 1 ] || [ -n "$GIT_PAGER_IN_USE" ]; then colour=; else colour=--no-color; fi
  if [ -x {program} ]; then {program} diff $colour "$@"
  else git diff --no-index --no-ext-diff -- "$2" "$5" || :; fi
}}; f"""
MERGE = """f() {{
  if [ -x {program} ]; then {program} merge "$@"
  else git merge-file -L ours -L base -L theirs "$2" "$1" "$3"; fi
}}; f %O %A %B %L %P"""


def enable(root: Path) -> None:
    """Set both drivers, unless somebody chose their own or this is no repository."""
    if shutil.which("git") is None or not (root / ".git").exists():
        return
    programs = Path(sys.executable).parent
    for kind, template in (("diff", DIFF), ("merge", MERGE)):
        key = f"{kind}.{DRIVER}.{'command' if kind == 'diff' else 'driver'}"
        program = shlex.quote(str(programs / f"git-nb{kind}driver"))
        wanted = template.format(program=program.replace("%", "%%"))
        found = _git(root, "config", "--get", key)
        ours = found.startswith("f() {") and f"git-nb{kind}driver" in found
        if not found or ours:
            _git(root, "config", "--local", key, wanted)


def _git(root: Path, *words: str) -> str:
    """Run git; return what it prints, nothing where it has no answer."""
    done = subprocess.run(
        ["git", *words], cwd=root, capture_output=True, text=True, check=False
    )
    return done.stdout.rstrip("\n")
