//! A tour of tensors and gradients: the lines of examples/seed_tour in Rust.

use libtensor::{manual_seed, no_grad, BackwardOptions, DType, Device, Options, Result, Tensor};

fn tensors() -> Result<()> {
    manual_seed(0)?;
    let x = Tensor::rand(&[5, 3], ())?;
    println!("Random numbers, the same in every run because the seed is set: torch.rand(5, 3)");
    println!("{x}");
    println!("The same 15 numbers seen as one row, without a copy: x.view(-1, 15)");
    println!("{}", x.view(&[-1, 15])?);

    let mut x = Tensor::zeros(&[2, 3], ())?;
    let y = Tensor::ones(&[2, 3], ())?;
    println!("In-place functions end with an underscore: x.copy_(y)");
    println!("{}", x.copy_(&y)?);
    let sum = x.sum()?.item()?.to_f64();
    println!("The sum of x as a plain number: x.sum().item() is {sum:.4}");
    Ok(())
}

fn devices() -> Result<()> {
    let mut device = Device::Cuda(0);
    if !libtensor::cuda_is_available() {
        device = Device::Cpu;
        let reason = libtensor::cuda_unavailable_reason();
        println!("CUDA is not available: {reason}. The CPU takes its place.");
    }
    let x = Tensor::ones(&[3], ())?;
    let y = x.ones_like(device)?;
    let z = x.to(device)? + y;
    println!("A sum on the device: torch.ones_like(x, device=device) + x.to(device)");
    println!("{z}");
    println!("The same on the CPU, in double precision: z.to(\"cpu\", torch.double)");
    println!("{}", z.to(Options::default().device(Device::Cpu).dtype(DType::Float64))?);
    Ok(())
}

/// (3 * (x + 2) ** 2).mean()
fn mean_of_squares(x: &Tensor) -> Result<Tensor> {
    ((x + 2).pow_scalar(2)? * 3).mean()
}

fn gradients() -> Result<()> {
    let x = Tensor::ones(&[2, 2], Options::default().requires_grad(true))?;
    println!("A tensor that asks for its gradient. It is a leaf: no operation made it.");
    println!("{x}");
    println!("x.grad_fn is {}", x.grad_fn_name().unwrap_or("None".to_string()));

    let y = &x + 2;
    println!("What operations make of it remembers how it was made: y = x + 2");
    println!("{y}");
    let z = &y * &y;
    println!("z = y * y");
    println!("{z}");
    println!("x ** 2");
    println!("{}", x.pow_scalar(2)?);

    let mut x = Tensor::from_slice(&[2f32, 4.0, 3.0, 5.0], &[2, 2])?;
    x.set_requires_grad(true)?;
    let out = mean_of_squares(&x)?;
    println!("One number computed from x = [[2, 4], [3, 5]]: out = (3 * (x + 2) ** 2).mean()");
    println!("{out}");
    out.backward()?;
    println!("out.backward() goes back through all of it. d out / d x is 1.5 * (x + 2):");
    println!("{}", x.grad()?.expect("backward was called"));

    println!("Only a number has a gradient without further ado: z.backward()");
    if let Err(error) = z.backward() {
        println!("RuntimeError: {error}");
    }

    mean_of_squares(&x)?.backward()?;
    println!("Gradients add up. After a second backward:");
    println!("{}", x.grad()?.expect("backward was called"));

    let recorded = no_grad(|| &x * &x).requires_grad();
    let recorded = if recorded { "True" } else { "False" };
    println!("Under no_grad nothing is recorded: requires_grad of x * x is {recorded}");
    Ok(())
}

fn vector_jacobian_product() -> Result<()> {
    manual_seed(0)?;
    let x = Tensor::randn(&[3], Options::default().requires_grad(true))?;
    let mut y = &x * 2;
    for _ in 1..10 {
        y = &y * 2;
    }
    println!("y doubles x ten times over:");
    println!("{y}");
    let v = Tensor::from_slice(&[0.1f32, 1.0, 0.0001], &[3])?;
    y.backward_with(Some(&v), BackwardOptions::default())?;
    println!(
        "y has three elements, so backward takes a vector v, and x.grad becomes v times dy/dx:"
    );
    println!("{}", x.grad()?.expect("backward was called"));
    Ok(())
}

fn main() -> Result<()> {
    tensors()?;
    devices()?;
    gradients()?;
    vector_jacobian_product()
}
