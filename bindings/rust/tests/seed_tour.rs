//! The example prints what PyTorch does.

use std::path::Path;
use std::process::Command;

/// Which device there is, and why not the other, depends on the machine.
fn without_device(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.starts_with("CUDA is not available: "));
    lines.map(|line| line.replace(", device='cuda:0'", "") + "\n").collect()
}

#[test]
fn seed_tour() {
    let tests = std::env::current_exe().unwrap();
    let example = tests.parent().unwrap().parent().unwrap().join("examples/seed_tour");
    let output = Command::new(example).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let expected = std::fs::read_to_string(root.join("tests/examples/seed_tour.txt")).unwrap();
    assert_eq!(without_device(std::str::from_utf8(&output.stdout).unwrap()), expected);
}
