# Every target works on a fresh clone. `make` alone lists them.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

BIN := node_modules/.bin
INSTALLED := node_modules/.package-lock.json
BUILT := build/.built
SOURCES := $(shell find devices orchestrator -name '*.ts' 2>/dev/null)
TESTS := $(shell find test -name '*.ts' 2>/dev/null)

.PHONY: help install build check test run interop goodput soak bench bench-tcp clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(INSTALLED) ## Install the dependencies

# npm touches its hidden lock file last, which makes it a time stamp of a whole installation.
$(INSTALLED): package.json package-lock.json
	npm ci --no-audit --no-fund --loglevel=error
	@touch $@

build: $(BUILT) ## Build the command and the device programs into build/

# One bundle a program: a process starts faster and stays smaller than from many files, and without comments and indentation
# (2.7 MiB less for a host, all of it memory). The command's bundle is an ES module: what it imports only when it needs it is
# in parts of their own, packages are taken as ES modules where they have them (half of the library of certificates), and
# `require` is made for those that are not. The command is linked where npx looks first.
$(BUILT): $(INSTALLED) $(SOURCES)
	$(BIN)/esbuild $(filter-out devices/control.ts,$(wildcard devices/*.ts)) --bundle --platform=node --target=node20 --format=cjs \
	  --minify-whitespace --line-limit=160 \
	  --outdir=build/devices --out-extension:.js=.cjs --sourcemap --log-level=warning
	@rm -rf build/parts
	$(BIN)/esbuild netarium=orchestrator/main.ts --bundle --platform=node --target=node20 --format=esm \
	  --main-fields=module,main --splitting --chunk-names=parts/[name]-[hash] --outdir=build \
	  --banner:js="import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" \
	  --sourcemap --log-level=warning
	@chmod +x build/netarium.js
	@ln -sf ../../build/netarium.js $(BIN)/netarium
	@touch $@

run: build ## Launch the mini-internet, load http://www.server.com/ from `client`, tell the story, tear down
	@node build/netarium.js fetch --fresh http://www.server.com/

check: $(INSTALLED) ## Check types, style and the import rule
	$(BIN)/tsc --noEmit -p .
	$(BIN)/biome check --error-on-warnings .

# Types are checked while the tests are compiled.
build/js/.compiled: $(BUILT) $(TESTS) tsconfig.json
	$(BIN)/tsc -p .
	@touch $@

test: build/js/.compiled ## Build and run all tests (Debian, as root: installs curl, wget and a browser)
	@test/e2e/install-packages.sh
	@node build/js/test/support/run-tests.js

interop: build/js/.compiled ## Test against Linux, VPCS, nginx, tshark, … (Debian 12, as root: installs packages)
	@test/interop/install-packages.sh
	@NETARIUM_INTEROP=required node build/js/test/support/run-tests.js build/js/test/interop/*.test.js

goodput: build/js/.compiled ## Write test/world/goodput.txt anew, the table that `make test` compares with
	@UPDATE_GOODPUT=1 TAP_TIMEOUT=600 node build/js/test/world/goodput.test.js > build/goodput.tap && git diff --stat -- test/world/goodput.txt

soak: build/js/.compiled ## Run 10,000 random worlds, a million damaged frames a kind of device, 1,000 page loads under the monkey
	@time node build/js/test/soak/run.js
	@time node build/js/test/soak/monkey.js

bench: build/js/.compiled ## Measure speed and size, as ratios within one run
	@node build/js/test/bench/run.js

# BENCH='--seconds 5 --seeds 1 --cells 80 links' makes it short; `windows` is the part that needs no root.
bench-tcp: build/js/.compiled ## Compare our TCP with Linux's and smoltcp's; a quarter of an hour, as root
	@node build/js/test/bench/tcp/run.js $(BENCH)

clean: ## Remove what was built and installed
	rm -rf build node_modules .tap
