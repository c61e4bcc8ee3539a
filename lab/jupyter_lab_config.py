"""JupyterLab for this workbook only: no news pop-up, no recorded timings."""

from pathlib import Path

here = Path(__file__).parent
c = get_config()  # noqa: F821
c.ServerApp.root_dir = str(here.parent)
c.LabApp.app_settings_dir = str(here / "settings")
c.LabApp.default_url = "/lab/tree/README.md"
c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
