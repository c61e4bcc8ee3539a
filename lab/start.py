"""Start JupyterLab for this workbook: `make lab`, or `python lab/start.py`.

What Jupyter, IPython and the browser's layout write goes to .jupyter/ in the project
(git-ignored); the user's own ~/.jupyter and ~/.ipython are neither read nor written.
Options are JupyterLab's own, e.g. `make lab OPTIONS="--no-browser --port 9000"`.
"""

import json
import os
import shutil
import sys
from pathlib import Path

import notebook_diffs

# its grammars cost 2.5 s of import, and JupyterLab does without
sys.modules.setdefault("rfc3987_syntax", None)

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
OWN = ROOT / ".jupyter"
FIRST_SCREEN = HERE / "workspaces" / "default.jupyterlab-workspace"


def keep_to_the_project() -> None:
    """Point Jupyter and IPython at the project's own folder, for kernels too."""
    os.environ["JUPYTER_CONFIG_DIR"] = str(OWN / "config")
    os.environ["JUPYTER_DATA_DIR"] = str(OWN / "data")
    os.environ["JUPYTER_RUNTIME_DIR"] = str(OWN / "data" / "runtime")
    os.environ["IPYTHONDIR"] = str(OWN / "ipython")
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    # `cx` and git's notebook driver, from a cell or Lab's terminal
    programs = Path(sys.executable).parent
    os.environ["PATH"] = os.pathsep.join([str(programs), os.environ.get("PATH", "")])


def set_up_kernels() -> None:
    """Give the kernels the project's settings."""
    profile = OWN / "ipython" / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(HERE / "ipython_config.py", profile / "ipython_config.py")


def lay_out_first_screen() -> None:
    """Put README, notebooks and contents side by side, unless a layout is kept."""
    from jupyterlab_server.workspaces_handler import WorkspacesManager  # noqa: PLC0415

    manager = WorkspacesManager(str(OWN / "lab" / "workspaces"))
    if not manager.list_workspaces():
        first = json.loads(FIRST_SCREEN.read_text("utf-8"))
        manager.save(first["metadata"]["id"], json.dumps(first))


def main() -> None:
    """Start the server; returns when it is stopped."""
    keep_to_the_project()
    set_up_kernels()
    lay_out_first_screen()
    notebook_diffs.enable(ROOT)
    from jupyterlab.labapp import main as lab  # noqa: PLC0415

    config = str(HERE / "jupyter_lab_config.py")
    sys.exit(lab(["--config", config, *sys.argv[1:]]))


if __name__ == "__main__":
    main()
