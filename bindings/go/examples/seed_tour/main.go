// A tour of tensors and gradients: the lines of examples/seed_tour in Go.
package main

import (
	"fmt"

	lt "libtensor"
)

func tensors() {
	check(lt.ManualSeed(0))
	x := lt.Must(lt.Rand([]int64{5, 3}))
	fmt.Println("Random numbers, the same in every run because the seed is set: torch.rand(5, 3)")
	fmt.Println(x)
	fmt.Println("The same 15 numbers seen as one row, without a copy: x.view(-1, 15)")
	fmt.Println(lt.Must(x.View([]int64{-1, 15})))

	x = lt.Must(lt.Zeros([]int64{2, 3}))
	y := lt.Must(lt.Ones([]int64{2, 3}))
	fmt.Println("In-place functions end with an underscore: x.copy_(y)")
	fmt.Println(lt.Must(x.Copy_(y)))
	sum := lt.Must(lt.Must(x.Sum()).Float())
	fmt.Printf("The sum of x as a plain number: x.sum().item() is %.4f\n", sum)
}

func devices() {
	device := lt.CUDA(0)
	if !lt.CUDAIsAvailable() {
		device = lt.CPU
		reason := lt.CUDAUnavailableReason()
		fmt.Printf("CUDA is not available: %s. The CPU takes its place.\n", reason)
	}
	x := lt.Must(lt.Ones([]int64{3}))
	y := lt.Must(x.OnesLike(device))
	z := lt.Must(lt.Must(x.To(device)).Add(y))
	fmt.Println("A sum on the device: torch.ones_like(x, device=device) + x.to(device)")
	fmt.Println(z)
	fmt.Println("The same on the CPU, in double precision: z.to(\"cpu\", torch.double)")
	fmt.Println(lt.Must(z.To(lt.CPU, lt.Float64)))
}

// (3 * (x + 2) ** 2).mean()
func meanOfSquares(x *lt.Tensor) *lt.Tensor {
	square := lt.Must(lt.Must(x.AddScalar(2)).PowScalar(2))
	return lt.Must(lt.Must(square.MulScalar(3)).Mean())
}

func gradients() {
	x := lt.Must(lt.Ones([]int64{2, 2}, lt.RequiresGrad(true)))
	fmt.Println("A tensor that asks for its gradient. It is a leaf: no operation made it.")
	fmt.Println(x)
	name := lt.Must(x.GradFnName())
	if name == "" {
		name = "None"
	}
	fmt.Println("x.grad_fn is", name)

	y := lt.Must(x.AddScalar(2))
	fmt.Println("What operations make of it remembers how it was made: y = x + 2")
	fmt.Println(y)
	z := lt.Must(y.Mul(y))
	fmt.Println("z = y * y")
	fmt.Println(z)
	fmt.Println("x ** 2")
	fmt.Println(lt.Must(x.PowScalar(2)))

	x = lt.Must(lt.FromData([]float32{2, 4, 3, 5}, []int64{2, 2}, lt.RequiresGrad(true)))
	out := meanOfSquares(x)
	fmt.Println("One number computed from x = [[2, 4], [3, 5]]: out = (3 * (x + 2) ** 2).mean()")
	fmt.Println(out)
	check(out.Backward())
	fmt.Println("out.backward() goes back through all of it. d out / d x is 1.5 * (x + 2):")
	fmt.Println(lt.Must(x.Grad()))

	fmt.Println("Only a number has a gradient without further ado: z.backward()")
	if err := z.Backward(); err != nil {
		fmt.Println("RuntimeError:", err)
	}

	check(meanOfSquares(x).Backward())
	fmt.Println("Gradients add up. After a second backward:")
	fmt.Println(lt.Must(x.Grad()))

	recorded := "True"
	lt.NoGrad(func() {
		if !lt.Must(lt.Must(x.Mul(x)).RequiresGrad()) {
			recorded = "False"
		}
	})
	fmt.Println("Under no_grad nothing is recorded: requires_grad of x * x is", recorded)
}

func vectorJacobianProduct() {
	check(lt.ManualSeed(0))
	x := lt.Must(lt.Randn([]int64{3}, lt.RequiresGrad(true)))
	y := lt.Must(x.MulScalar(2))
	for i := 1; i < 10; i++ {
		y = lt.Must(y.MulScalar(2))
	}
	fmt.Println("y doubles x ten times over:")
	fmt.Println(y)
	v := lt.Must(lt.FromData([]float32{0.1, 1, 0.0001}, nil))
	check(y.BackwardWith(lt.BackwardOptions{Gradient: v}))
	fmt.Println("y has three elements, so backward takes a vector v, and x.grad becomes v times dy/dx:")
	fmt.Println(lt.Must(x.Grad()))
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	tensors()
	devices()
	gradients()
	vectorJacobianProduct()
}
