# Every target works on a fresh clone. `make` alone lists them.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

BIN := node_modules/.bin
SOURCES := $(shell find devices orchestrator test -name '*.ts' 2>/dev/null)
ENTRIES := $(wildcard devices/*.ts)

.PHONY: help install build check test run bench clean dashboard

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: node_modules/.package-lock.json

node_modules/.package-lock.json: package.json package-lock.json
	npm ci --no-audit --no-fund --loglevel=error
	@touch $@
