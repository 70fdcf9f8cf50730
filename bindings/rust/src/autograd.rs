//! Gradients.

use std::marker::PhantomData;
use std::ptr;

use crate::call::{check, raw_list, raw_or_null, read, read_text};
use crate::ffi;
use crate::{Error, Result, Tensor};

/// How to run backward.
#[derive(Clone, Copy, Debug, Default)]
pub struct BackwardOptions {
    /// Keep what was saved, so that backward can run again.
    pub retain_graph: bool,
    /// Record the backward pass, for higher derivatives; retains the graph too.
    pub create_graph: bool,
    /// [`grad`]: None for an input that no output depends on.
    pub allow_unused: bool,
}

impl BackwardOptions {
    fn raw(self, gradient: Option<&Tensor>) -> ffi::tensor_backward_options_t {
        ffi::tensor_backward_options_t {
            struct_size: std::mem::size_of::<ffi::tensor_backward_options_t>(),
            gradient: raw_or_null(gradient),
            retain_graph: self.retain_graph,
            create_graph: self.create_graph,
            allow_unused: self.allow_unused,
            inputs: ptr::null(),
            input_count: 0,
            cancel: ptr::null(),
            materialize_grads: false,
        }
    }
}

/// A handle that may be NULL.
unsafe fn optional(handle: *mut ffi::tensor_t) -> Option<Tensor> {
    (!handle.is_null()).then(|| Tensor::from_raw(handle))
}

impl Tensor {
    /// Asks for the gradient of a leaf.
    pub fn set_requires_grad(&mut self, requires_grad: bool) -> Result<&mut Tensor> {
        check(unsafe { ffi::tensor_set_requires_grad(self.raw(), requires_grad) })?;
        Ok(self)
    }

    pub fn requires_grad(&self) -> bool {
        read(|out| unsafe { ffi::tensor_requires_grad(self.raw(), out) }).unwrap()
    }

    pub fn is_leaf(&self) -> bool {
        read(|out| unsafe { ffi::tensor_is_leaf(self.raw(), out) }).unwrap()
    }

    /// What backward added up in a leaf.
    pub fn grad(&self) -> Result<Option<Tensor>> {
        let handle = read(|out| unsafe { ffi::tensor_grad(self.raw(), out) })?;
        Ok(unsafe { optional(handle) })
    }

    pub fn set_grad(&mut self, gradient: Option<&Tensor>) -> Result<()> {
        check(unsafe { ffi::tensor_set_grad(self.raw(), raw_or_null(gradient)) })
    }

    /// "MulBackward0"; None for a leaf.
    pub fn grad_fn_name(&self) -> Option<String> {
        let name = read_text(|buffer, capacity, length| unsafe {
            ffi::tensor_grad_fn_name(self.raw(), buffer, capacity, length)
        });
        name.ok().filter(|name| !name.is_empty())
    }

    /// Takes the tensor out of the graph, in place.
    pub fn detach_(&mut self) -> Result<&mut Tensor> {
        check(unsafe { ffi::tensor_detach_(self.raw()) })?;
        Ok(self)
    }

    /// Adds d self / d leaf to the gradient of every leaf that self was computed from.
    pub fn backward(&self) -> Result<()> {
        check(unsafe { ffi::tensor_backward(self.raw()) })
    }

    /// As backward, given the gradient of self (None: 1, for a tensor of one element).
    pub fn backward_with(&self, gradient: Option<&Tensor>, options: BackwardOptions) -> Result<()> {
        check(unsafe { ffi::tensor_backward_with(self.raw(), &options.raw(gradient)) })
    }
}

/// d outputs / d inputs[i] for each input, without changing the gradient of any leaf. `grad_outputs`:
/// one for each output, or none at all, which means ones for outputs of one element.
pub fn grad(
    outputs: &[&Tensor],
    inputs: &[&Tensor],
    grad_outputs: &[Option<&Tensor>],
    options: BackwardOptions,
) -> Result<Vec<Option<Tensor>>> {
    if !grad_outputs.is_empty() && grad_outputs.len() != outputs.len() {
        let message = "grad: one grad_output is needed for each output".to_string();
        return Err(Error::new(ffi::TENSOR_ERROR_INVALID_ARGUMENT, message));
    }
    let (outputs, inputs, options) = (raw_list(outputs), raw_list(inputs), options.raw(None));
    let gradients: Vec<_> = grad_outputs.iter().map(|g| raw_or_null(*g)).collect();
    let gradients = if gradients.is_empty() { ptr::null() } else { gradients.as_ptr() };
    let mut results = vec![ptr::null_mut(); inputs.len()];
    check(unsafe {
        ffi::tensor_autograd_grad(
            outputs.as_ptr(),
            outputs.len(),
            inputs.as_ptr(),
            inputs.len(),
            gradients,
            &options,
            results.as_mut_ptr(),
        )
    })?;
    Ok(results.into_iter().map(|handle| unsafe { optional(handle) }).collect())
}

/// Sets the thread's mode and puts it back, also when what runs in between panics.
struct GradMode {
    previous: bool,
    this_thread_only: PhantomData<*const ()>,
}

impl GradMode {
    fn set(enabled: bool) -> GradMode {
        let previous = read(|out| unsafe { ffi::tensor_grad_enabled_set(enabled, out) }).unwrap();
        GradMode { previous, this_thread_only: PhantomData }
    }
}

impl Drop for GradMode {
    fn drop(&mut self) {
        unsafe { ffi::tensor_grad_enabled_set(self.previous, ptr::null_mut()) };
    }
}

/// Runs `body`; what this thread does in it is not recorded.
pub fn no_grad<T>(body: impl FnOnce() -> T) -> T {
    let _mode = GradMode::set(false);
    body()
}

/// Runs `body`, recording inside of [`no_grad`].
pub fn enable_grad<T>(body: impl FnOnce() -> T) -> T {
    let _mode = GradMode::set(true);
    body()
}

pub fn is_grad_enabled() -> bool {
    read(|out| unsafe { ffi::tensor_grad_enabled(out) }).unwrap()
}
