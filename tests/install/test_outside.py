"""A crate and a module of others, which depend on the bindings, build offline and start."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUILD = Path(os.environ.get("LIBTENSOR_BUILD", ROOT / "build"))
EXPECTED = "tensor([2., 2.])\n"
RUST = """
use libtensor::{Options, Result, Tensor};

fn main() -> Result<()> {
    let x = Tensor::ones(&[2], Options::default().requires_grad(true))?;
    (&x * &x).sum()?.backward()?;
    println!("{}", x.grad()?.unwrap());
    Ok(())
}
"""
BUILD_SCRIPT = """
fn main() {
    println!("cargo:rustc-link-arg=-Wl,-rpath,{}", std::env::var("DEP_TENSOR_LIBDIR").unwrap());
}
"""
GO = """
package main

import (
	"fmt"

	torch "libtensor"
)

func main() {
	x := torch.Must(torch.Ones([]int64{2}, torch.RequiresGrad(true)))
	if err := torch.Must(torch.Must(x.Mul(x)).Sum()).Backward(); err != nil {
		panic(err)
	}
	fmt.Println(torch.Must(x.Grad()))
}
"""
sys.path.append(str(ROOT / "tests/support"))
from sanitized import preloading  # noqa: E402


def run(*command: object, folder: Path, **variables: str) -> str:
    words = [str(word) for word in command]
    environment = {**os.environ, **variables}
    environment.pop("LD_LIBRARY_PATH", None)
    result = subprocess.run(words, cwd=folder, env=environment, text=True, capture_output=True)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def build_crate(folder: Path, **variables: str) -> Path:
    binding = ROOT / "bindings/rust"
    package = '[package]\nname = "outside"\nversion = "0.1.0"\nedition = "2021"\n'
    dependency = f'[dependencies]\nlibtensor = {{ path = "{binding}" }}\n'
    (folder / "Cargo.toml").write_text(package + dependency)
    (folder / "src").mkdir()
    (folder / "src/main.rs").write_text(RUST)
    where = {"LIBTENSOR_LIB_DIR": str(BUILD), "CARGO_TARGET_DIR": str(folder / "target")}
    run("cargo", "build", "--offline", "--quiet", folder=folder, **where, **variables)
    return folder / "target/debug/outside"


needs_cargo = pytest.mark.skipif(not shutil.which("cargo"), reason="no cargo")


@needs_cargo
def test_crate(tmp_path):
    program = build_crate(tmp_path)
    assert run(program, folder=Path("/"), **preloading()) == EXPECTED


@needs_cargo
def test_crate_with_a_build_script(tmp_path):
    """Of a program that asks for the library by name, a build script says where to look."""
    (tmp_path / "build.rs").write_text(BUILD_SCRIPT)
    program = build_crate(tmp_path, LIBTENSOR_BY_NAME="1")
    assert run(program, folder=Path("/"), **preloading()) == EXPECTED
    assert str(BUILD.resolve() / "libtensor.so.1").encode() not in program.read_bytes()


@pytest.mark.skipif(not shutil.which("go"), reason="no go")
def test_module(tmp_path):
    module = f"module outside\n\ngo 1.19\n\nreplace libtensor => {ROOT / 'bindings/go'}\n"
    (tmp_path / "go.mod").write_text(f"{module}\nrequire libtensor v0.0.0\n")
    (tmp_path / "main.go").write_text(GO)
    variables = {"GOPROXY": "off", "GOFLAGS": "-mod=mod"}
    variables["CGO_LDFLAGS"] = f"-L{BUILD} -Wl,-rpath,{BUILD}"
    run("go", "build", "-o", "outside", ".", folder=tmp_path, **variables)
    assert run(tmp_path / "outside", folder=Path("/"), **preloading()) == EXPECTED
