"""JupyterLab for this workbook only: nothing kept elsewhere, nothing asked outside."""

from pathlib import Path

here = Path(__file__).parent
own = here.parent / ".jupyter" / "lab"
c = get_config()  # noqa: F821


def keep_metadata_still(model, **_):  # noqa: ANN001, ANN003, ANN201
    """Save what the author changed and no trace of the machine it ran on."""
    if model["type"] != "notebook" or model["content"]["nbformat"] != 4:
        return
    metadata = model["content"]["metadata"]
    if metadata.get("kernelspec", {}).get("name") == "python3":
        metadata["kernelspec"]["display_name"] = "Python 3"
        metadata["language_info"] = {"name": "python"}
    for cell in model["content"]["cells"]:
        for volatile in ("execution", "ExecuteTime"):
            cell["metadata"].pop(volatile, None)


c.ServerApp.root_dir = str(here.parent)
c.ServerApp.tornado_settings = {"static_custom_path": [str(here / "custom")]}
c.FileContentsManager.pre_save_hook = keep_metadata_still
c.LabApp.app_settings_dir = str(here / "settings")
c.LabApp.user_settings_dir = str(own / "user-settings")
c.LabApp.workspaces_dir = str(own / "workspaces")
c.LabApp.custom_css = True
c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
c.LabApp.extension_manager = "readonly"
c.LanguageServerManager.autodetect = False
