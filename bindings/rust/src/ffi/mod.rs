//! The C library as it is. See the headers in `include/tensor` for what each function promises.
#![allow(non_camel_case_types)]

mod functions;
mod ops;
mod types;

pub use functions::*;
pub use ops::*;
pub use types::*;
