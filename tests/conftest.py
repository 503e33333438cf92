"""How properties are drawn: the same examples on every run, unless a run asks to explore.

`pytest --hypothesis-profile=explore` draws afresh each time. What it finds becomes an example of its own.
"""

from hypothesis import settings

settings.register_profile("same", derandomize=True, database=None)
settings.register_profile("explore", derandomize=False, print_blob=True)
settings.load_profile("same")
