//! One process, one test at a time: the number of live handles is that of the whole process.

use std::sync::{Arc, Mutex};

use libtensor::{
    clear_warning_handler, grad, is_grad_enabled, live_handles, manual_seed, no_grad,
    set_warning_handler, AddmmOptions, AmaxOptions, ArangeOptions, AsStridedOptions,
    BackwardOptions, CatOptions, CrossEntropyWithOptions, DType, Device, EyeOptions,
    FlattenOptions, Kind, NllLossOptions, Options, Reduction, Result, Scalar, SendTensor, Tensor,
    ToCopyOptions,
};

static ALONE: Mutex<()> = Mutex::new(());

/// Runs a test alone, and holds it to releasing all its handles.
fn without_leaks(body: impl FnOnce() -> Result<()>) {
    let _alone = ALONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let before = live_handles();
    body().unwrap();
    assert_eq!(live_handles(), before);
}

fn with_gradient(values: &[f32]) -> Result<Tensor> {
    let mut x = Tensor::from_slice(values, &[values.len() as i64])?;
    x.set_requires_grad(true)?;
    Ok(x)
}

#[test]
fn lists_of_results_are_views() {
    without_leaks(|| {
        let x = with_gradient(&[1.0, 2.0, 3.0])?;
        let parts = x.split(2, ())?;
        assert_eq!(parts.len(), 2);
        assert_eq!(parts[0].to_vec::<f32>()?, [1.0, 2.0]);
        (&parts[0].sum()? * &parts[1].sum()?).backward()?;
        assert_eq!(x.grad()?.unwrap().to_vec::<f32>()?, [3.0, 3.0, 3.0]);
        assert_eq!(x.split_with_sizes(&[1, 0, 2], ())?.len(), 3);
        assert!(x.split(0, ()).is_err());
        assert!(Tensor::zeros(&[0], DType::Float32)?.unbind(())?.is_empty());
        Ok(())
    });
}

#[test]
fn arithmetic_broadcasts_and_promotes() {
    without_leaks(|| {
        let a = Tensor::from_slice(&[1i64, 2, 3], &[3])?;
        let b = Tensor::from_slice(&[0.5f32, 1.0], &[2, 1])?;
        let sum = &a + &b;
        assert_eq!(sum.shape(), [2, 3]);
        assert_eq!(sum.dtype(), DType::Float32);
        assert_eq!(sum.to_vec::<f32>()?, [1.5, 2.5, 3.5, 2.0, 3.0, 4.0]);
        assert_eq!((2 - &a).to_vec::<i64>()?, [1, 0, -1]);
        assert_eq!((1.0 / &b).to_vec::<f32>()?, [2.0, 1.0]);
        assert_eq!((-(a * 2) + 1).to_vec::<i64>()?, [-1, -3, -5]);
        Ok(())
    });
}

#[test]
fn operations_in_place_and_into_a_destination() {
    without_leaks(|| {
        let mut a = Tensor::ones(&[2], DType::Float64)?;
        let alias = a.clone();
        a += &alias;
        a *= 3;
        a.add_scalar_(0.5)?.mul_scalar_(2)?;
        assert_eq!(alias.to_vec::<f64>()?, [13.0, 13.0]);
        assert!(alias.is_same(&a));
        assert!(!alias.deep_clone()?.is_same(&a));
        let mut out = Tensor::empty(&[0], DType::Float64)?;
        a.mul_out(&alias, &mut out)?;
        assert_eq!(out.to_vec::<f64>()?, [169.0, 169.0]);
        Ok(())
    });
}

#[test]
fn options_have_defaults() {
    without_leaks(|| {
        let steps = ArangeOptions { step: 2.into(), tensor: DType::Float64.into() };
        assert_eq!(Tensor::arange(1, 7, steps)?.to_vec::<f64>()?, [1.0, 3.0, 5.0]);
        assert_eq!(Tensor::eye(2, ())?.shape(), [2, 2]);
        assert_eq!(
            Tensor::eye(2, EyeOptions { m: Some(0), ..Default::default() })?.shape(),
            [2, 0]
        );
        let x = Tensor::from_slice(&[1f32, 2.0, 3.0, 4.0], &[2, 2])?;
        let scaled = AddmmOptions { beta: 0.into(), ..Default::default() };
        assert_eq!(x.addmm(&x, &x, scaled)?.to_vec::<f32>()?, [7.0, 10.0, 15.0, 22.0]);
        let kept = FlattenOptions { end_dim: 0, ..Default::default() };
        assert_eq!(x.flatten(kept)?.shape(), [2, 2]);
        let rows = AmaxOptions { dim: &[1], keepdim: true };
        assert_eq!(x.amax(rows)?.shape(), [2, 1]);
        assert_eq!(x.amax(())?.to_vec::<f32>()?, [4.0]);
        let last = x.select(0, 1)?;
        assert_eq!(last.as_strided(&[1], &[1], ())?.to_vec::<f32>()?, [3.0]);
        let first = AsStridedOptions { storage_offset: Some(0) };
        assert_eq!(last.as_strided(&[1], &[1], first)?.to_vec::<f32>()?, [1.0]);
        assert_eq!(x.to_copy(())?.dtype(), DType::Float32);
        let whole = ToCopyOptions { dtype: Some(DType::Int8), device: Some(Device::Cpu) };
        assert_eq!(x.to_copy(whole)?.dtype(), DType::Int8);
        let target = Tensor::from_slice(&[0i64, 1], &[2])?;
        let weight = Tensor::from_slice(&[0.5f32, 1.0], &[2])?;
        let weighted =
            NllLossOptions { weight: Some(&weight), ignore_index: 1, reduction: Reduction::Sum };
        assert_eq!(x.nll_loss(&target, weighted)?.to_vec::<f32>()?, [-0.5]);
        assert_eq!(x.nll_loss(&target, ())?.to_vec::<f32>()?, [-2.5]);
        Ok(())
    });
}

#[test]
fn functions_of_every_kind_of_argument() {
    without_leaks(|| {
        manual_seed(0)?;
        let x = Tensor::arange(0, 6, ())?.view(&[2, 3])?;
        assert_eq!(x.sum_dim(&[0], false)?.to_vec::<i64>()?, [3, 5, 7]);
        let (values, indices) = x.max_dim(1, ())?;
        assert_eq!(values.to_vec::<i64>()?, [2, 5]);
        assert_eq!(indices.to_vec::<i64>()?, [2, 2]);
        assert_eq!(Tensor::cat(&[&x, &x], CatOptions { dim: 1 })?.shape(), [2, 6]);
        assert!(x.equal(&x.deep_clone()?)?);
        let even = x.eq_scalar(2)?;
        assert_eq!(Tensor::r#where(&even, &x, &x.neg()?)?.to_vec::<i64>()?, [0, -1, 2, -3, -4, -5]);
        let logits = Tensor::randn(&[2, 3], ())?;
        let target = Tensor::from_slice(&[0i64, 2], &[2])?;
        let loss = logits.cross_entropy_with(
            &target,
            CrossEntropyWithOptions { reduction: Reduction::None, ..Default::default() },
        )?;
        assert_eq!(loss.shape(), [2]);
        let full = Tensor::full(&[2], true, ())?;
        assert_eq!((full.dtype(), full.device()), (DType::Bool, Device::Cpu));
        assert_eq!(full.select(0, 0)?.item()?, Scalar::Bool(true));
        let large = Tensor::full(&[1], 0.0, ())?.add_scalar(1u64 << 63)?;
        assert_eq!(large.item()?, Scalar::Float(9223372036854775808.0));
        Ok(())
    });
}

#[test]
fn memory_of_a_vector_is_shared() {
    without_leaks(|| {
        let data = vec![1f32, 2.0, 3.0, 4.0];
        let address = data.as_ptr();
        let tensor = Tensor::from_vec(data, &[2, 2])?;
        assert_eq!(tensor.data_ptr()? as *const f32, address);
        assert_eq!(tensor.transpose_2d()?.to_vec::<f32>()?, [1.0, 3.0, 2.0, 4.0]);
        assert!(Tensor::from_vec(vec![1f32], &[2]).is_err());
        assert!(Tensor::from_slice(&[1f32], &[-1]).is_err());
        assert_eq!(Tensor::from_slice::<bool>(&[], &[0, 3])?.to_vec::<bool>()?, []);
        Ok(())
    });
}

#[test]
fn gradients_flow() {
    without_leaks(|| {
        let x = with_gradient(&[2.0, 3.0])?;
        let y = (&x * &x).sum()?;
        assert_eq!(y.grad_fn_name().as_deref(), Some("SumBackward0"));
        assert_eq!(x.grad_fn_name(), None);
        assert!(x.grad()?.is_none());
        y.backward()?;
        assert_eq!(x.grad()?.unwrap().to_vec::<f32>()?, [4.0, 6.0]);
        let options = BackwardOptions { create_graph: true, ..Default::default() };
        let first = grad(&[&x.pow_scalar(3)?.sum()?], &[&x], &[], options)?.remove(0).unwrap();
        let second = grad(&[&first], &[&x], &[Some(&x)], BackwardOptions::default())?;
        assert_eq!(second[0].as_ref().unwrap().to_vec::<f32>()?, [24.0, 54.0]);
        Ok(())
    });
}

#[test]
fn no_grad_ends_with_its_closure() {
    without_leaks(|| {
        let x = Tensor::ones(&[1], Options::default().requires_grad(true))?;
        assert!(!no_grad(|| &x * 2).requires_grad());
        let unwound = std::panic::catch_unwind(|| no_grad(|| panic!("on purpose")));
        assert!(unwound.is_err() && is_grad_enabled());
        Ok(())
    });
}

#[test]
fn errors_say_what_and_which_kind() {
    without_leaks(|| {
        let a = Tensor::ones(&[2, 3], ())?;
        let b = Tensor::ones(&[2, 4], ())?;
        let error = a.add(&b).unwrap_err();
        assert_eq!(error.kind(), Kind::InvalidArgument);
        assert!(error.message().starts_with("The size of tensor a (3) must match"), "{error}");
        assert_eq!(a.select(5, 0).unwrap_err().kind(), Kind::Index);
        assert_eq!(a.to_vec::<f64>().unwrap_err().kind(), Kind::InvalidArgument);
        let error = a.backward().unwrap_err();
        let expected = "element 0 of tensors does not require grad and does not have a grad_fn";
        assert_eq!(error.message(), expected);
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| &a + &b)).is_err());
        Ok(())
    });
}

#[test]
fn tensors_go_to_other_threads_as_copies() {
    without_leaks(|| {
        let mut x = with_gradient(&[1.0, 2.0])?;
        let copy = x.to_send()?;
        let worker = std::thread::spawn(move || -> Result<SendTensor> {
            let x = copy.into_tensor();
            assert!(x.requires_grad());
            x.pow_scalar(2)?.sum()?.backward()?;
            assert!(x.view(&[3]).is_err());
            x.grad()?.unwrap().to_send()
        });
        no_grad(|| x.zero_().map(|_| ()))?;
        assert_eq!(worker.join().unwrap()?.into_tensor().to_vec::<f32>()?, [2.0, 4.0]);
        assert!(x.grad()?.is_none());
        Ok(())
    });
}

#[test]
fn bools_are_0_or_1() {
    without_leaks(|| {
        for _ in 0..20 {
            drop(Tensor::full(&[256], 7, DType::UInt8)?);
            let flags = Tensor::empty(&[256], DType::Bool)?;
            for flag in flags.to_vec::<bool>()? {
                assert!(unsafe { *std::ptr::addr_of!(flag).cast::<u8>() } <= 1);
            }
        }
        Ok(())
    });
}

#[test]
fn text_is_that_of_pytorch() {
    without_leaks(|| {
        let x = Tensor::ones(&[2, 2], Options::default().requires_grad(true))? + 2;
        let expected = "tensor([[3., 3.],\n        [3., 3.]], grad_fn=<AddBackward0>)";
        assert_eq!(x.to_string(), expected);
        assert!(Tensor::rand(&[60, 10], ())?.to_string().len() > 600);
        Ok(())
    });
}

#[test]
fn warnings_go_to_the_handler() {
    without_leaks(|| {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (a, b) = (Tensor::ones(&[2, 2], ())?, Tensor::ones(&[2], ())?);
        a.mse_loss(&b, ())?;
        let kept = heard.clone();
        set_warning_handler(move |text| {
            kept.lock().unwrap().push(text.to_string());
            Ok(())
        })?;
        a.mse_loss(&b, ())?;
        let texts = heard.lock().unwrap().clone();
        assert_eq!(texts.len(), 1);
        assert!(texts[0].starts_with("Using a target size (torch.Size([2])) that is"), "{texts:?}");

        let mut out = Tensor::ones(&[3], ())?;
        set_warning_handler(|text| Err(format!("no: {}", &text[..9])))?;
        assert_eq!(Arc::strong_count(&heard), 1, "the replaced handler is dropped");
        let error = a.add_out(&b, &mut out).unwrap_err();
        assert_eq!(error.message(), "no: An output");
        assert_eq!(out.to_vec::<f32>()?, [1.0; 3]);

        set_warning_handler(|_| panic!("on purpose"))?;
        assert_eq!(a.mse_loss(&b, ()).unwrap_err().kind(), Kind::Internal);
        clear_warning_handler()?;
        a.add_out(&b, &mut out)?;
        assert_eq!(out.shape(), [2, 2]);
        Ok(())
    });
}
