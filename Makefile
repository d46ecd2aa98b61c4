# Everything that people and CI run. Each target prepares the machine first (see .ci/setup).
.PHONY: demo test bench bench-large fuzz lint lock
.DELETE_ON_ERROR:

# Colons and spaces in HEADLESS are the shell's business: make demo HEADLESS=out
demo:
	@.ci/setup
	.venv/bin/kiosk demo $(if $(HEADLESS),--headless "$(HEADLESS)")

# Two a core: many tests wait, for a deadline or for a process that they kill. Handed out in small
# lots: a lot of slow ones would keep one process at it while the others are done.
test:
	@.ci/setup tests
	.venv/bin/python -m pytest -n $$((2 * $$(nproc))) --maxschedchunk=12 $(ARGS)

bench:
	@.ci/setup tests
	.venv/bin/python -m tests.benchmarks $(ARGS)

# Ten million entries: half an hour, 6 GB of disk in BENCH_DIR (default: the system's for temporaries).
bench-large:
	@.ci/setup tests
	BENCH_ROWS=10000000 .venv/bin/python -m tests.benchmarks publishing updating

# A minute for each decoder: make fuzz ARGS="--seconds 600".
fuzz:
	@.ci/setup tests
	.venv/bin/python -m tests.fuzz $(ARGS)

# The bundle that a kiosk is installed from: make release ARGS="--arch arm64".
.PHONY: release test-boot
release:
	@.ci/setup
	.ci/release $(ARGS)

# An installed kiosk, booted for real (root, mmdebstrap, systemd-nspawn); says so where it cannot be.
test-boot:
	@.ci/boot $(ARGS)

# The unit and flow tests on the Raspberry Pi's architecture, emulated; says so where it cannot be.
.PHONY: test-arm64
test-arm64:
	@.ci/test-arm64 $(ARGS)

lint:
	@.ci/setup
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy

# Maintainers only: writes both locks anew from pyproject.toml (needs uv).
lock:
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	    --upgrade pyproject.toml -o requirements.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	    --upgrade pyproject.toml --all-extras --group dev -o requirements-dev.lock

# Every frame's words in every language, size and text scale: make sweep ARGS="registrar idle".
.PHONY: sweep catalogue
sweep:
	@.ci/setup tests
	.venv/bin/python -m tests.sweep $(ARGS)

# Translators: keys that a language lacks are added to it, and named as those that nobody asks for.
catalogue:
	@.ci/setup
	.venv/bin/python -m kiosk.locale.extract

# Maintainers, after a change of a sentence: the README shows every answer and two frames.
.PHONY: readme
readme:
	@.ci/setup
	.venv/bin/python -m tests.readme
	.venv/bin/kiosk demo --headless build/tour
	cp build/tour/*-insured-chip-idle.png ui/pictures/idle.png
	cp build/tour/*-insured-chip-insured.png ui/pictures/insured.png
	cp build/tour/contact-public.png build/tour/contact-registrar.png ui/pictures/
