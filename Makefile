# The commands people need. PYTHON is what makes the environment; all else runs in it.
PYTHON ?= python3
RUN = .venv/bin

.PHONY: install test slow docs release wheelhouse

install: .venv/bin/pytest

.venv/bin/pytest: pyproject.toml
	$(PYTHON) -m venv .venv
	$(RUN)/pip install -q -e '.[dev]'
	touch $@

test: install  ## what every commit passes
	$(RUN)/ruff format --check .
	$(RUN)/ruff check .
	$(RUN)/mypy
	$(RUN)/pytest -q -n 2 --dist loadfile

slow: install  ## all pages, the wheelhouse, the rest that takes minutes
	$(RUN)/pytest -q -m slow

docs: install  ## the reference and the picture, from the code
	$(RUN)/python -m scripts.reference
	$(RUN)/python -m scripts.picture

release: install  ## dist/, built twice and compared
	$(RUN)/python -m scripts.release

wheelhouse: install  ## dist/wheelhouse/, for every platform
	$(RUN)/python -m scripts.wheelhouse
