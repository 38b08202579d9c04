# headend: what a person runs. `make demo` to see it, `make test` to check it.

PREFIX ?= /usr/local
DESTDIR ?=
# What `make demo` hands to the program: make demo ARGS='--streams 50 --faults storm'
ARGS ?=
CARGO ?= cargo
# The versions in Cargo.lock and no others.
CARGO_FLAGS ?= --locked

# Where rustup puts cargo, for shells that did not read its env file.
export PATH := $(PATH):$(HOME)/.cargo/bin

.PHONY: help demo build test docs-check install uninstall screenshots clean rust lints

help:
	@echo 'make demo         see headend watch 200 live streams (ARGS= for its options)'
	@echo 'make test         format, clippy and every test'
	@echo 'make build        target/release/headend'
	@echo 'make install      the built program into $$(DESTDIR)$$(PREFIX)/bin (PREFIX=$(PREFIX))'
	@echo 'make uninstall    removes it again'
	@echo 'make docs-check   the checks on docs/ and on the code'\''s own documentation'
	@echo 'make screenshots  draws assets/screenshots/*.svg from the real program'
	@echo 'make clean        removes what was built'

demo: rust
	@.ci/need ffmpeg cc
	$(CARGO) build $(CARGO_FLAGS) --release
	target/release/headend demo $(ARGS)

build: rust
	@.ci/need cc
	$(CARGO) build $(CARGO_FLAGS) --release

test: rust lints
	@.ci/need ffmpeg tmux cc
	$(CARGO) fmt --check
	$(CARGO) clippy $(CARGO_FLAGS) --all-targets -- -D warnings
	$(CARGO) test $(CARGO_FLAGS)

docs-check: rust
	@.ci/need cc
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc $(CARGO_FLAGS) --no-deps --document-private-items
	$(CARGO) test $(CARGO_FLAGS) --test dependencies --test docs --test rooms

# Does not build, so that `sudo make install` runs no compiler as root.
install:
	@test -x target/release/headend || { echo 'Nothing to install yet: run make build first.' >&2; exit 1; }
	install -d '$(DESTDIR)$(PREFIX)/bin'
	install -m 755 target/release/headend '$(DESTDIR)$(PREFIX)/bin/headend'

uninstall:
	rm -f '$(DESTDIR)$(PREFIX)/bin/headend'

screenshots: build
	@.ci/need ffmpeg tmux
	$(CARGO) build $(CARGO_FLAGS) --release --example ansi_to_svg
	assets/screenshots/make.sh

clean:
	$(CARGO) clean

rust:
	@command -v $(CARGO) >/dev/null 2>&1 || { \
		echo 'headend is built with Rust, and cargo is not on the PATH: see https://rustup.rs' >&2; exit 1; }

lints: rust
	@$(CARGO) fmt --version >/dev/null 2>&1 || { \
		echo 'cargo fmt is missing: rustup component add rustfmt' >&2; exit 1; }
	@$(CARGO) clippy --version >/dev/null 2>&1 || { \
		echo 'cargo clippy is missing: rustup component add clippy' >&2; exit 1; }
