"""Kernels of this workbook: a Tab looks at the objects that are there.

Jedi reads sources instead: on this package 0.5 to 20 s a Tab, and after a bracket it
does not offer the function's own keywords first.
"""

c = get_config()  # noqa: F821
c.IPCompleter.use_jedi = False
