//! Tensors with PyTorch's semantics: names, promotion, broadcasting, views, autograd, printed form.
//!
//! ```
//! use libtensor::{Options, Tensor};
//!
//! let x = Tensor::ones(&[2, 2], Options::default().requires_grad(true))?;
//! let y = (&x + 2) * 3.0;
//! y.mean()?.backward()?;
//! assert_eq!(x.grad()?.unwrap().to_vec::<f32>()?, [0.75; 4]);
//! # Ok::<(), libtensor::Error>(())
//! ```
//!
//! A [`Tensor`] owns one handle of the C library; [`Clone`] gives a second handle of the same
//! tensor, as an assignment in Python does, and [`Tensor::deep_clone`] copies the elements. Methods
//! return a [`Result`]; operators panic where the method would fail.
//!
//! Tensors stay on the thread that made them; [`Tensor::to_send`] makes a copy that goes to another.

mod autograd;
mod call;
mod data;
mod enums;
mod error;
pub mod ffi;
mod operators;
mod ops;
mod options;
mod runtime;
mod scalar;
mod tensor;

pub use autograd::{enable_grad, grad, is_grad_enabled, no_grad, BackwardOptions};
pub use data::Element;
pub use enums::*;
pub use error::{Error, Kind, Result};
pub use ops::*;
pub use options::{promote_types, DType, Device, Options};
pub use runtime::*;
pub use scalar::Scalar;
pub use tensor::{SendTensor, Tensor};
