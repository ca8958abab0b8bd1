//! Builds the guest module that the server embeds, and compiles it to machine code, so that no start has to.
//!
//! * `SANDERLING_GUEST_WASM`: path of a finished module to embed instead of building one.
//! * `SANDERLING_WASM_OPT`: path of binaryen's `wasm-opt` to run over the module. One that happens to be on PATH is
//!   never used, since its version would change the module from machine to machine.
//! * `SANDERLING_GUEST_CPU`: `baseline` compiles for every processor of the target, `none` leaves it to the server's
//!   first start. The default is what processors have had for ten years, see [`MODERN_X86`].

use std::collections::hash_map::DefaultHasher;
use std::hash::Hasher;
use std::path::{Path, PathBuf};
use std::process::{Command, exit};
use std::{env, fs};

#[path = "src/engine/tuning.rs"]
mod tuning;

const TARGET: &str = "wasm32-unknown-unknown";
/// Wide arithmetic stays off: code built with it gave wrong results.
const GUEST_FLAGS: &str = "-Ctarget-feature=+bulk-memory,+simd128";

/// x86-64-v3, as Cranelift names it: all servers since 2013 (Intel) and 2015 (AMD) have it. On others the server compiles
/// the engine itself.
const MODERN_X86: [&str; 11] = [
    "has_sse3",
    "has_ssse3",
    "has_sse41",
    "has_sse42",
    "has_popcnt",
    "has_avx",
    "has_avx2",
    "has_fma",
    "has_bmi1",
    "has_bmi2",
    "has_lzcnt",
];

fn main() {
    let out_dir = PathBuf::from(variable("OUT_DIR"));
    let root = Path::new(&variable("CARGO_MANIFEST_DIR")).join("..");
    println!("cargo::rerun-if-env-changed=SANDERLING_GUEST_WASM");
    println!("cargo::rerun-if-env-changed=SANDERLING_WASM_OPT");
    println!("cargo::rerun-if-env-changed=SANDERLING_GUEST_CPU");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/engine/tuning.rs");

    let built = match env::var_os("SANDERLING_GUEST_WASM") {
        Some(path) => {
            println!("cargo::rerun-if-changed={}", Path::new(&path).display());
            PathBuf::from(path)
        }
        None => {
            for source in ["core", "wasm/src", "wasm/Cargo.toml", "Cargo.toml", "Cargo.lock"] {
                println!("cargo::rerun-if-changed={}", root.join(source).display());
            }
            ensure_target();
            build_guest(&root, &out_dir.join("guest"))
        }
    };

    let embedded = out_dir.join("guest.wasm");
    match env::var_os("SANDERLING_WASM_OPT") {
        Some(tool) => optimise(Path::new(&tool), &built, &embedded),
        None => {
            fs::copy(&built, &embedded)
                .unwrap_or_else(|error| fail(&format!("cannot copy {}: {error}", built.display())));
        }
    }
    let module = fs::read(&embedded).unwrap_or_else(|error| fail(&format!("cannot read the guest: {error}")));
    println!("cargo::rustc-env=SANDERLING_GUEST_HASH={}", fingerprint(&module));
    let compiled = match env::var("SANDERLING_GUEST_CPU").as_deref() {
        Ok("none") => Vec::new(),
        Ok("baseline") => compile(&module, &[]),
        Ok(other) => fail(&format!("SANDERLING_GUEST_CPU is '{other}', neither baseline nor none")),
        Err(_) if variable("CARGO_CFG_TARGET_ARCH") == "x86_64" => compile(&module, &MODERN_X86),
        Err(_) => compile(&module, &[]),
    };
    fs::write(out_dir.join("guest.cwasm"), compiled)
        .unwrap_or_else(|error| fail(&format!("cannot write the compiled guest: {error}")));
}

/// Machine code of the module for the server's target. The target is named so that the features of the processor that
/// builds do not get into it.
fn compile(module: &[u8], features: &[&str]) -> Vec<u8> {
    let mut config = tuning::config();
    let compiled = config.target(&variable("TARGET")).and_then(|config| {
        for feature in features {
            // SAFETY: wasmtime compares the features that code uses with the processor's before it takes the code.
            unsafe { config.cranelift_flag_enable(feature) };
        }
        wasmtime::Engine::new(config)?.precompile_module(module)
    });
    compiled.unwrap_or_else(|error| fail(&format!("the guest cannot be compiled: {error:#}")))
}

/// Adds the wasm32 target when the toolchain lacks it.
fn ensure_target() {
    let rustc = variable("RUSTC");
    let library = Command::new(&rustc).args(["--print", "target-libdir", "--target", TARGET]).output();
    let installed = library.is_ok_and(|output| {
        output.status.success() && Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir()
    });
    if installed {
        return;
    }
    let added = Command::new("rustup").args(["target", "add", TARGET]).status();
    if !added.is_ok_and(|status| status.success()) {
        fail(&format!(
            "Sanderling's engine is compiled to WebAssembly, and this toolchain has no {TARGET} target. \
             `rustup target add {TARGET}` failed; install the target and build again, or set \
             SANDERLING_GUEST_WASM to the path of a finished module."
        ));
    }
}

fn build_guest(root: &Path, target_dir: &Path) -> PathBuf {
    let mut cargo = Command::new(variable("CARGO"));
    cargo
        .current_dir(root)
        .args(["build", "--package", "sanderling-wasm", "--lib", "--features", "guest"])
        .args(["--profile", "guest", "--target", TARGET, "--target-dir"])
        // A directory of its own: the outer cargo holds the lock of the shared one while this runs.
        .arg(target_dir)
        .env("CARGO_ENCODED_RUSTFLAGS", GUEST_FLAGS);
    // What the outer cargo was told about its own build says nothing about the guest.
    for name in
        ["RUSTFLAGS", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER", "CARGO_BUILD_TARGET", "CARGO_TARGET_DIR"]
    {
        cargo.env_remove(name);
    }
    match cargo.status() {
        Ok(status) if status.success() => target_dir.join(TARGET).join("guest").join("sanderling_wasm.wasm"),
        Ok(_) => fail("the guest does not compile; the compiler's messages are above"),
        Err(error) => fail(&format!("cannot run cargo for the guest: {error}")),
    }
}

fn optimise(tool: &Path, from: &Path, to: &Path) {
    let status = Command::new(tool)
        .args(["-O3", "--enable-bulk-memory", "--enable-simd", "--enable-sign-ext"])
        .args(["--enable-nontrapping-float-to-int", "--enable-mutable-globals", "--enable-multivalue"])
        .args(["--enable-reference-types", "-o"])
        .arg(to)
        .arg(from)
        .status();
    if !status.is_ok_and(|status| status.success()) {
        fail(&format!("SANDERLING_WASM_OPT: {} failed", tool.display()));
    }
}

/// 128 bits that name the module in the cache of compiled code. Collisions are accidents, not attacks: who could
/// forge one could as well replace the server.
fn fingerprint(module: &[u8]) -> String {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        hasher.write_u8(salt);
        hasher.write(module);
        hasher.finish()
    };
    format!("{:016x}{:016x}", half(0), half(1))
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| fail(&format!("cargo did not set {name}")))
}

fn fail(message: &str) -> ! {
    println!("cargo::error={message}");
    exit(1)
}
