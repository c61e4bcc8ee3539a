"""What changed since the last completed run: data, settings, code, or chance.

`manifest["changes"]`, read by the report page and the index (all of it optional):

- `since`: run id of the last completed run of the same params file, None for a first
  run; `started`: when it began (ISO); `href`: link to its report from this one.
- `text`: the answer in sentences; `state`: "first", "same", "within", "beyond"
  ("unclear" counts as within), "explained" (all of it by settings, code or seed),
  "mixed" (data and something else, not separated), "not reproducible".
- `causes`: list of {kind, what, was, now}; kind is data, settings, code or seed.
- `rows`: list of {id, label, unit, currency, headline, was, now, difference, noise,
  level, verdict, parts}, the headline's figures first. `noise` is half the width of
  what chance alone does at `level`, None where it plays no part or is not known.
  `verdict`: "same", "within noise", "unclear", "beyond noise", "no interval", "not
  separated", "not reproducible", or the kinds that moved it ("settings", "code and
  settings"). `parts`: {code, settings, data} -> what each adds to `difference`,
  exactly; empty where one cause is alone. With `parts`, noise and verdict are about
  the part of the data.
- `appeared`, `vanished`: list of {id, label, why}.
- `notes`: how it was judged; `overlap`: {was, now, known}; `steps`: folders of the
  extra runs of `cx run --explain`.
"""

from __future__ import annotations

from cxlib.run.changes.explain import Rerun
from cxlib.run.changes.since import changes_of

__all__ = ["Rerun", "changes_of"]
