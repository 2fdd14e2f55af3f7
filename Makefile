# Verbs only; what they do is in Scripts/. `make help` lists them.

.PHONY: help setup demo build test lint bench fuzz simulate soak

help: ## lists the verbs
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile

setup: ## installs the system packages that are missing
	@Scripts/setup

demo: ## backs up, restores and checks real files in a temporary folder
	@Scripts/demo

build: ## builds everything for release
	@Scripts/build

test: ## builds with warnings as errors and runs every test
	@Scripts/test

lint: ## checks the form of every tracked file
	@Scripts/lint

bench: ## runs the benchmarks: make bench ARGS="micro --rounds 9"
	@Scripts/bench $(ARGS)

fuzz: ## replays failing cases, then fuzzes: make fuzz SECONDS=60 TARGET=FuzzPack
	@Scripts/fuzz "$(SECONDS)" "$(TARGET)"

simulate: ## runs seeded histories: make simulate SEED=1 COUNT=1000
	@Scripts/simulate "$(SEED)" "$(COUNT)"

soak: ## simulates and fuzzes for long: make soak MINUTES=60
	@Scripts/soak "$(MINUTES)"
