//! Finds libtensor.so: in LIBTENSOR_LIB_DIR, else in the build folder of the source tree.

use std::env;
use std::path::{Path, PathBuf};

fn library_folder() -> PathBuf {
    println!("cargo:rerun-if-env-changed=LIBTENSOR_LIB_DIR");
    match env::var_os("LIBTENSOR_LIB_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(&env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("../../build"),
    }
}

fn main() {
    let folder = library_folder();
    let folder = folder.canonicalize().unwrap_or(folder);
    println!("cargo:rustc-link-search=native={}", folder.display());
    println!("cargo:rustc-link-lib=dylib=tensor");
    // Tests and examples of this package find the library without further ado.
    println!("cargo:rustc-link-arg=-Wl,-rpath,{}", folder.display());
}
