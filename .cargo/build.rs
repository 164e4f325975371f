//! Has the linker put those functions together that run until the first answer, and those that chats take, as `layout.ld`
//! names them. Without it the program works the same, takes 4 MB more at rest and a tenth longer to the first token after
//! a pause: where the linker reads no such scripts, or `OPENCLAW_LAYOUT=0` says so.
#![allow(clippy::print_stdout)] // so are things told to cargo

use std::env;

/// Linkers that cannot read scripts of this kind.
const WITHOUT_SCRIPTS: [&str; 3] = ["mold", "gold", "wild"];

fn main() {
    println!("cargo::rerun-if-changed=.cargo/build.rs");
    println!("cargo::rerun-if-changed=.cargo/layout.ld");
    println!("cargo::rerun-if-env-changed=OPENCLAW_LAYOUT");
    println!("cargo::rerun-if-env-changed=MOLD_PATH");
    let told = |name: &str| env::var(name).unwrap_or_default();
    let linker = told("RUSTC_LINKER") + &told("CARGO_ENCODED_RUSTFLAGS");
    // `mold -run` takes the place of every linker.
    let reads_scripts = env::var_os("MOLD_PATH").is_none()
        && WITHOUT_SCRIPTS.iter().all(|name| !linker.contains(name));
    let is_wanted = told("PROFILE") == "release" && told("OPENCLAW_LAYOUT") != "0";
    if is_wanted && reads_scripts && told("CARGO_CFG_TARGET_OS") == "linux" {
        let folder = told("CARGO_MANIFEST_DIR");
        println!("cargo::rustc-link-arg-bins=-T{folder}/.cargo/layout.ld");
    }
}
