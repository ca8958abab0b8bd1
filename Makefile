# The commands of this repository. `make run` starts the server, `make test` passes every test.
#
#   make run ARGS='--port 7000'
#   make bench ROWS=get,set PIPELINES=64

CARGO ?= cargo
WASM_TARGET := wasm32-unknown-unknown
CLIENTS := tests/clients
PACKAGE := wasm
PAGE := www

.PHONY: run build quick fuzz test test-rust test-clients test-conversations test-package test-page package page bench target miri miri-toolchain

# rustup installs the target with the toolchain; this is for a toolchain that was installed before.
target:
	@if command -v rustup >/dev/null; then \
	  rustup target list --installed | grep -qx $(WASM_TARGET) || rustup target add $(WASM_TARGET); \
	fi

run: target
	$(CARGO) run --release -- $(ARGS)

build: target
	$(CARGO) build --release

# What tells most within two minutes once it is built: structures, the log, Lua, conversations, the house's order.
quick:
	$(CARGO) test --locked --package sanderling-core --package sanderling-lua --package sanderling-persist
	$(CARGO) test --locked --package sanderling-tests --test suite -- scripts:: tidy:: documents:: effects:: generated::

test: test-rust test-package test-page test-clients test-conversations

# The engine with its assertions on; the server and the guest as they are shipped, which builds the compiler inside
# the server once and not twice.
test-rust: target
	$(CARGO) test --locked --package sanderling-core --package sanderling-lua --package sanderling-tests
	$(CARGO) test --locked --release --package sanderling --package sanderling-wasm --package sanderling-persist

# Every fuzz target from the corpus that is kept, two at a time, FUZZ_SECONDS each. Coverage guides them, by flags that any
# compiler takes; what a sanitizer of addresses would find is Miri's to find.
FUZZ_SECONDS ?= 60
FUZZ_TARGETS := handle_input split_input restore arguments lua rest frames
FUZZ_PLATFORM := $(shell $(CARGO) -vV | sed -n 's/^host: //p')
FUZZ_FLAGS := -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
  -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing -Cdebug-assertions
fuzz:
	RUSTFLAGS='$(FUZZ_FLAGS)' $(CARGO) build --release --locked --manifest-path tests/fuzz/Cargo.toml \
	  --target $(FUZZ_PLATFORM) --target-dir target/fuzz
	@mkdir -p target/fuzz/found
	printf '%s\n' $(FUZZ_TARGETS) | xargs -P 2 -I NAME sh -c 'mkdir -p target/fuzz/found/NAME && \
	  target/fuzz/$(FUZZ_PLATFORM)/release/NAME -max_total_time=$(FUZZ_SECONDS) -max_len=512 -verbosity=0 \
	  -artifact_prefix=target/fuzz/NAME- target/fuzz/found/NAME tests/fuzz/corpus/NAME || exit 255'

# The tests of modules with `unsafe` code in Miri, which finds undefined behaviour on the ways that they take. It is
# slow, so they take fewer steps there, by `cfg!(miri)`. A fixed nightly, since no other release has Miri. What is left
# out are the edges of the guest and the bindings, a few statics, which exist in WebAssembly only.
MIRI_TOOLCHAIN := nightly-2026-05-20
MIRI_TESTS := base::bytes:: keyspace::entry structures::table observe::tests::statistics structures::thin \
  structures::packed::tests::behaves structures::unordered \
  types::hash::field types::hash::tests::behaves types::hash::tests::deadlines types::set::tests::behaves \
  types::zset::member types::zset::tests
miri: miri-toolchain
	$(CARGO) +$(MIRI_TOOLCHAIN) miri test --locked --package sanderling-core --lib -- $(MIRI_TESTS)
	$(CARGO) +$(MIRI_TOOLCHAIN) miri test --locked --package sanderling-lua --lib
	$(CARGO) +$(MIRI_TOOLCHAIN) miri test --locked --package sanderling-wasm --lib

miri-toolchain:
	@rustup component list --toolchain $(MIRI_TOOLCHAIN) --installed 2>/dev/null | grep -q '^miri' || \
	  rustup toolchain install $(MIRI_TOOLCHAIN) --profile minimal --component miri,rust-src --no-self-update

# Real clients against the server, with the engine in its sandbox and then linked in; queues also in process.
test-clients: build package $(CLIENTS)/node_modules/.package-lock.json $(PAGE)/node_modules/.package-lock.json
	cd $(CLIENTS) && SANDERLING_ENGINE=wasm npm test
	cd $(CLIENTS) && SANDERLING_ENGINE=native npm test
	cd $(CLIENTS) && npm run test:in-process

# The npm package, built into wasm/dist. The first time this compiles wasm-pack and wasm-bindgen into target/tools.
package: target $(PACKAGE)/node_modules/.package-lock.json
	cd $(PACKAGE) && npm run build

# The package as users get it: packed, installed into an empty project, and run there.
test-package: package
	node tests/packages/run.mjs

# The scripts of tests/scripts/ on the server with either engine, and on the package.
test-conversations: build package $(CLIENTS)/node_modules/.package-lock.json
	node tests/conversations.mjs

# The playground page, into www/dist.
page: package $(PAGE)/node_modules/.package-lock.json
	cd $(PAGE) && npm run build

# The page, and the server's console, in Chromium.
test-page: build page
	cd $(PAGE) && npm test

$(PAGE)/node_modules/.package-lock.json: $(PAGE)/package-lock.json
	cd $(PAGE) && npm ci
	@touch $@

$(PACKAGE)/node_modules/.package-lock.json: $(PACKAGE)/package-lock.json
	cd $(PACKAGE) && npm ci
	@touch $@

$(CLIENTS)/node_modules/.package-lock.json: $(CLIENTS)/package-lock.json
	cd $(CLIENTS) && npm ci
	@touch $@

# Writes BENCHMARKS.md; with a selection it writes target/benchmarks.md instead. OUT=BENCHMARKS.md MERGE=yes puts a
# selection in its place there. REDIS_NEWER_BIN and VALKEY_BIN name other servers to be measured in the same rounds.
bench: build $(CLIENTS)/node_modules/.package-lock.json
	$(CARGO) run --release --package sanderling-tests --bin bench --features in-process -- \
	  --sections '$(SECTIONS)' --rows '$(ROWS)' --pipelines '$(PIPELINES)' --servers '$(SERVERS)' \
	  --rounds '$(ROUNDS)' --seconds '$(SECONDS_PER_RUN)' --keys '$(KEYS)' --out '$(OUT)' \
	  --merge '$(MERGE)'
