.DEFAULT_GOAL := help
.PHONY: help setup demo test docs bench rate-limit lint twin-up twin-down twin-kernel clean
TWIN ?= demo
UNHURRIED = {twin_datapath_type: system, verify_timeout: 10, verify_deadline: 1800}

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' Makefile

setup:
	@scripts/setup

demo: setup ## build a twin of inventories/example, converge it, prove it with packets, kill a hypervisor, take it down
	@scripts/demo

test: ## run every check, as CI does; scripts/test STEP... runs some
	@scripts/test

docs: setup ## build the documentation site, below .cache/site/html
	@scripts/docs

bench: setup ## measure speed and memory against the peers and the bare protocol
	@scripts/with python tests/bench/run.py

rate-limit: setup ## measure in a guest what the rate limit of the talk does, and draw docs/rate-limit.png anew
	@scripts/with python tests/bench/rate_limit.py

lint: ## run the static checks
	@scripts/test lint

twin-up: setup ## build a twin: make twin-up INVENTORY=dir [TWIN=name]
	@test -n "$(INVENTORY)" || { echo "Say of which inventory: make twin-up INVENTORY=inventories/example" >&2; exit 2; }
	@scripts/with ansible-playbook -i "$(INVENTORY)" -e twin_name="$(TWIN)" tenantry.sdn.twin_up

twin-down: setup ## remove a twin and all that it left: make twin-down [TWIN=name]
	@scripts/with ansible-playbook -e twin_name="$(TWIN)" tenantry.sdn.twin_down

twin-kernel: setup ## rehearse in a guest with Debian's kernel and its datapath: make twin-kernel INVENTORY=dir
	@test -n "$(INVENTORY)" || { echo "Say of which inventory: make twin-kernel INVENTORY=inventories/example" >&2; exit 2; }
	@scripts/setup kernel
	@scripts/kernel ansible-playbook -i "$(INVENTORY)" -e "$(UNHURRIED)" tenantry.sdn.twin

clean: ## remove what setup and the checks made
	rm -rf .cache .ansible .hypothesis .mypy_cache .pytest_cache .ruff_cache dist tests/output
	find . -name __pycache__ -prune -exec rm -rf {} +
