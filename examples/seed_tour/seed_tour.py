"""A tour of tensors and gradients in PyTorch's words.

Run it with `import torch` instead of the first import below: it prints the same.
"""

import libtensor as torch


def tensors() -> None:
    torch.manual_seed(0)
    x = torch.rand(5, 3)
    print("Random numbers, the same in every run because the seed is set: torch.rand(5, 3)")
    print(x)
    print("The same 15 numbers seen as one row, without a copy: x.view(-1, 15)")
    print(x.view(-1, 15))

    x = torch.zeros(2, 3)
    y = torch.ones(2, 3)
    print("In-place functions end with an underscore: x.copy_(y)")
    print(x.copy_(y))
    print(f"The sum of x as a plain number: x.sum().item() is {x.sum().item():.4f}")


def devices() -> None:
    device = "cuda"
    if not torch.cuda.is_available():
        device = "cpu"
        print(f"CUDA is not available: {torch.cuda.unavailable_reason()}. The CPU takes its place.")
    x = torch.ones(3)
    y = torch.ones_like(x, device=device)
    x = x.to(device)
    z = x + y
    print("A sum on the device: torch.ones_like(x, device=device) + x.to(device)")
    print(z)
    print('The same on the CPU, in double precision: z.to("cpu", torch.double)')
    print(z.to("cpu", torch.double))


def gradients() -> None:
    x = torch.ones(2, 2, requires_grad=True)
    print("A tensor that asks for its gradient. It is a leaf: no operation made it.")
    print(x)
    print(f"x.grad_fn is {x.grad_fn}")

    y = x + 2
    print("What operations make of it remembers how it was made: y = x + 2")
    print(y)
    z = y * y
    print("z = y * y")
    print(z)
    print("x ** 2")
    print(x**2)

    x = torch.tensor([[2.0, 4.0], [3.0, 5.0]], requires_grad=True)
    out = (3 * (x + 2) ** 2).mean()
    print("One number computed from x = [[2, 4], [3, 5]]: out = (3 * (x + 2) ** 2).mean()")
    print(out)
    out.backward()
    print("out.backward() goes back through all of it. d out / d x is 1.5 * (x + 2):")
    print(x.grad)

    print("Only a number has a gradient without further ado: z.backward()")
    try:
        z.backward()
    except RuntimeError as error:
        print(f"RuntimeError: {error}")

    (3 * (x + 2) ** 2).mean().backward()
    print("Gradients add up. After a second backward:")
    print(x.grad)

    with torch.no_grad():
        square = x * x
    print(f"Under no_grad nothing is recorded: requires_grad of x * x is {square.requires_grad}")


def vector_jacobian_product() -> None:
    torch.manual_seed(0)
    x = torch.randn(3, requires_grad=True)
    y = x
    for _ in range(10):
        y = y * 2
    print("y doubles x ten times over:")
    print(y)
    v = torch.tensor([0.1, 1.0, 0.0001])
    y.backward(v)
    print("y has three elements, so backward takes a vector v, and x.grad becomes v times dy/dx:")
    print(x.grad)


if __name__ == "__main__":
    tensors()
    devices()
    gradients()
    vector_jacobian_product()
