//! Finds libtensor.so: in LIBTENSOR_LIB_DIR, else in the build folder of the source tree.
//!
//! Programs that depend on this crate start without further ado. Cargo hands a linker argument such as
//! an rpath to a package's own programs only, so the library's whole path goes into the program by
//! another way: what is linked is a stub whose name (soname) is that path, as it is the rule on macOS.
//! With LIBTENSOR_BY_NAME=1, and where the library lies in a folder of the system, the program asks for
//! `libtensor.so.1`, and the loader must find it; DEP_TENSOR_LIBDIR tells build scripts of dependents
//! where it was.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn library_folder() -> PathBuf {
    println!("cargo:rerun-if-env-changed=LIBTENSOR_LIB_DIR");
    match env::var_os("LIBTENSOR_LIB_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(&env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("../../build"),
    }
}

/// Is this a folder in which the loader looks by itself?
fn of_the_system(folder: &Path) -> bool {
    ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib"]
        .iter()
        .any(|system| folder.starts_with(system))
}

/// The declarations of the C functions.
fn declarations() -> Option<String> {
    let mut text = fs::read_to_string("src/ffi/functions.rs").ok()?;
    for file in fs::read_dir("src/ffi/ops").ok()? {
        text += &fs::read_to_string(file.ok()?.path()).ok()?;
    }
    Some(text)
}

/// A library in OUT_DIR with the functions' names and nothing behind them. None where the linker's
/// form of it is not known, or there is no C compiler.
fn stub(library: &Path) -> Option<PathBuf> {
    let target = env::var("TARGET").ok()?;
    if !target.contains("linux") || env::var("HOST").ok()? != target {
        return None;
    }
    let out = PathBuf::from(env::var_os("OUT_DIR")?);
    let declarations = declarations()?;
    let functions: String = declarations
        .lines()
        .filter_map(|line| line.trim().strip_prefix("pub fn ")?.split('(').next())
        .map(|name| format!("void {name}(void) {{}}\n"))
        .collect();
    let source = out.join("stub.c");
    fs::write(&source, functions).ok()?;
    let compiler = env::var("CC").unwrap_or_else(|_| "cc".into());
    let mut words = compiler.split_whitespace(); // as in CC="ccache gcc"
    let compiled = Command::new(words.next().unwrap_or("cc"))
        .args(words)
        .args(["-shared", "-fPIC", "-nostdlib", "-o"])
        .arg(out.join("libtensor.so"))
        .arg(source)
        .args(["-Xlinker", "-soname", "-Xlinker"])
        .arg(library)
        .status();
    compiled.ok()?.success().then(|| out)
}

fn main() {
    println!("cargo:rerun-if-env-changed=LIBTENSOR_BY_NAME");
    println!("cargo:rerun-if-env-changed=CC");
    println!("cargo:rerun-if-changed=src/ffi");
    let folder = library_folder();
    let folder = folder.canonicalize().unwrap_or(folder);
    println!("cargo:libdir={}", folder.display());
    println!("cargo:rustc-link-lib=dylib=tensor");

    let library = folder.join("libtensor.so.1");
    let by_name = env::var("LIBTENSOR_BY_NAME").map_or(false, |value| value == "1");
    let by_path = !by_name && !of_the_system(&folder) && library.exists();
    if let Some(stub) = by_path.then(|| stub(&library)).flatten() {
        println!("cargo:rustc-link-search=native={}", stub.display());
        return;
    }
    println!("cargo:rustc-link-search=native={}", folder.display());
    // Tests and examples of this package find the library all the same.
    println!("cargo:rustc-link-arg=-Wl,-rpath,{}", folder.display());
}
