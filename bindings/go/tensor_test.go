package libtensor

import (
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"
)

// expectValues compares the elements of a tensor, and their type.
func expectValues[T Element](t *testing.T, tensor *Tensor, expected ...T) {
	t.Helper()
	values := Must(Values[T](tensor))
	if len(values)+len(expected) > 0 && !reflect.DeepEqual(values, expected) {
		t.Errorf("got %v, want %v", values, expected)
	}
}

func expectShape(t *testing.T, tensor *Tensor, expected ...int64) {
	t.Helper()
	if shape := Must(tensor.Shape()); !reflect.DeepEqual(shape, expected) {
		t.Errorf("got shape %v, want %v", shape, expected)
	}
}

// expectNoHandles waits for the collector to give all handles back.
func expectNoHandles(t *testing.T) {
	t.Helper()
	for tries := 0; LiveHandles() > 0 && tries < 200; tries++ {
		runtime.GC()
		time.Sleep(5 * time.Millisecond)
	}
	if live := LiveHandles(); live > 0 {
		t.Errorf("%d handles leaked", live)
	}
}

func TestArithmeticBroadcastsAndPromotes(t *testing.T) {
	a := Must(FromData([]int64{1, 2, 3}, nil))
	b := Must(FromData([]float32{0.5, 1}, []int64{2, 1}))
	sum := Must(a.Add(b))
	expectShape(t, sum, 2, 3)
	expectValues[float32](t, sum, 1.5, 2.5, 3.5, 2, 3, 4)
	expectValues[int64](t, Must(a.RsubScalar(2)), 1, 0, -1)
	expectValues[float32](t, Must(a.MulScalar(0.5)), 0.5, 1, 1.5)
	expectValues[int64](t, Must(a.AddScalar(uint64(1)<<63)), 1-1<<63, 2-1<<63, 3-1<<63)
	expectValues[float32](t, Must(b.MulScalar(uint64(1)<<63)), 1<<62, 1<<63)
	if dtype := Must(PromoteTypes(Int64, Float16)); dtype != Float16 {
		t.Errorf("got %v", dtype)
	}
}

func TestListsOfResultsAreViews(t *testing.T) {
	x := Must(FromData([]float32{1, 2, 3}, nil))
	parts := Must(x.Split(2))
	if len(parts) != 2 {
		t.Fatalf("got %d parts", len(parts))
	}
	Must(parts[0].MulScalar_(10))
	expectValues[float32](t, x, 10, 20, 3)
	expectValues[float32](t, Must(x.SplitWithSizes([]int64{1, 0, 2}))[2], 20, 3)
	if rows := Must(Must(Zeros([]int64{0})).Unbind()); len(rows) != 0 {
		t.Errorf("got %d rows", len(rows))
	}
	if _, err := x.Split(0); err == nil {
		t.Error("a split by 0 was not refused")
	}
}

func TestInPlaceAndIntoADestination(t *testing.T) {
	a := Must(Ones([]int64{2}, Float64))
	alias := Must(a.Retain())
	Must(Must(a.Add_(alias)).MulScalar_(1.5))
	expectValues[float64](t, alias, 3, 3)
	if !Must(alias.IsSame(a)) || Must(Must(a.Clone()).IsSame(a)) {
		t.Error("Retain gives the same tensor, Clone another")
	}
	out := Must(Empty([]int64{0}, Float64))
	if err := a.MulOut(alias, out); err != nil {
		t.Fatal(err)
	}
	expectValues[float64](t, out, 9, 9)
}

func TestOptionsHaveDefaults(t *testing.T) {
	steps := ArangeOptions{Step: 2, Tensor: []Option{Float64}}
	expectValues[float64](t, Must(Arange(1, 7, steps)), 1, 3, 5)
	expectShape(t, Must(Eye(2)), 2, 2)
	expectShape(t, Must(Eye(2, EyeOptions{M: Some[int64](0)})), 2, 0)
	x := Must(FromData([]float32{1, 2, 3, 4}, []int64{2, 2}))
	expectValues[float32](t, Must(x.Addmm(x, x, AddmmOptions{Beta: 0})), 7, 10, 15, 22)
	expectShape(t, Must(x.Flatten(FlattenOptions{EndDim: Some[int64](0)})), 2, 2)
	expectShape(t, Must(x.Amax(AmaxOptions{Dim: []int64{1}, Keepdim: true})), 2, 1)
	expectValues[float32](t, Must(x.Amax()), 4)
	last := Must(x.Select(0, 1))
	expectValues[float32](t, Must(last.AsStrided([]int64{1}, []int64{1})), 3)
	first := AsStridedOptions{StorageOffset: Some[int64](0)}
	expectValues[float32](t, Must(last.AsStrided([]int64{1}, []int64{1}, first)), 1)
	expectValues[float32](t, Must(x.ToCopy()), 1, 2, 3, 4)
	expectValues[int8](t, Must(x.ToCopy(ToCopyOptions{Dtype: Int8, Device: CPU})), 1, 2, 3, 4)
	target := Must(FromData([]int64{0, 1}, nil))
	weighted := NllLossOptions{
		Weight:      Must(FromData([]float32{0.5, 1}, nil)),
		IgnoreIndex: Some[int64](1),
		Reduction:   ReductionSum,
	}
	expectValues[float32](t, Must(x.NllLoss(target, weighted)), -0.5)
	expectValues[float32](t, Must(x.NllLoss(target)), -2.5)
	out := Must(Zeros([]int64{0}))
	if err := x.AmaxOut(out, AmaxOptions{Keepdim: true}); err != nil {
		t.Error(err)
	}
	expectShape(t, out, 1, 1)
	var failure *Error
	if _, err := x.Addmm(x, x, AddmmOptions{}, AddmmOptions{}); !errors.As(err, &failure) || failure.Status != TypeError {
		t.Errorf("two options gave %v", err)
	}
	if _, err := x.Addmm(x, x, AddmmOptions{Alpha: "two"}); !errors.As(err, &failure) || failure.Status != TypeError {
		t.Errorf("a text as a number gave %v", err)
	}
}

func TestEveryKindOfArgument(t *testing.T) {
	x := Must(Must(Arange(0, 6)).View([]int64{2, 3}))
	expectValues[int64](t, Must(x.SumDim([]int64{0}, false)), 3, 5, 7)
	values, indices, err := x.MaxDim(1)
	if err != nil {
		t.Fatal(err)
	}
	expectValues[int64](t, values, 2, 5)
	expectValues[int64](t, indices, 2, 2)
	expectShape(t, Must(Cat([]*Tensor{x, x}, CatOptions{Dim: 1})), 2, 6)
	if !Must(x.Equal(Must(x.Clone()))) {
		t.Error("a clone is equal")
	}
	even := Must(x.EqScalar(2))
	expectValues[int64](t, Must(Where(even, x, Must(x.Neg()))), 0, -1, 2, -3, -4, -5)
	logits := Must(Randn([]int64{2, 3}))
	target := Must(FromData([]int64{0, 2}, nil))
	loss := Must(logits.CrossEntropyWith(target, CrossEntropyWithOptions{Reduction: ReductionNone}))
	expectShape(t, loss, 2)
	if item := Must(Must(Full([]int64{}, true)).Item()); item != true {
		t.Errorf("got %v", item)
	}
	if item := Must(Must(x.Sum()).Float()); item != 15 {
		t.Errorf("got %v", item)
	}
	expectValues[bool](t, Must(FromData([]bool{}, []int64{0, 3})))
}

func TestGradientsFlow(t *testing.T) {
	x := Must(FromData([]float32{2, 3}, nil, RequiresGrad(true)))
	y := Must(Must(x.Mul(x)).Sum())
	if name := Must(y.GradFnName()); name != "SumBackward0" {
		t.Errorf("got %q", name)
	}
	if Must(x.Grad()) != nil || !Must(x.IsLeaf()) {
		t.Error("a leaf has no gradient before backward")
	}
	if err := y.Backward(); err != nil {
		t.Fatal(err)
	}
	expectValues[float32](t, Must(x.Grad()), 4, 6)

	cube := Must(Must(x.PowScalar(3)).Sum())
	inputs := []*Tensor{x}
	first := Must(Grad([]*Tensor{cube}, inputs, nil, BackwardOptions{CreateGraph: true}))
	second := Must(Grad(first, inputs, inputs, BackwardOptions{}))
	expectValues[float32](t, second[0], 24, 54)
}

func TestNoGradIsOfTheThread(t *testing.T) {
	x := Must(Ones([]int64{1}, RequiresGrad(true)))
	NoGrad(func() {
		for i := 0; i < 10; i++ {
			runtime.Gosched()
			if IsGradEnabled() || Must(Must(x.MulScalar(2)).RequiresGrad()) {
				t.Error("recorded under NoGrad")
			}
		}
		EnableGrad(func() {
			if !IsGradEnabled() {
				t.Error("not recorded under EnableGrad")
			}
		})
		elsewhere := make(chan bool)
		go func() { elsewhere <- IsGradEnabled() }()
		if !<-elsewhere {
			t.Error("another goroutine records as ever")
		}
	})
	func() {
		defer func() { _ = recover() }()
		NoGrad(func() { panic("on purpose") })
	}()
	if !IsGradEnabled() {
		t.Error("NoGrad did not end")
	}
}

func TestErrorsSayWhatAndWhichKind(t *testing.T) {
	a := Must(Ones([]int64{2, 3}))
	_, err := a.Add(Must(Ones([]int64{2, 4})))
	var failure *Error
	if !errors.As(err, &failure) || failure.Status != InvalidArgument {
		t.Errorf("got %v", err)
	}
	if !strings.HasPrefix(err.Error(), "The size of tensor a (3) must match") {
		t.Errorf("got %q", err)
	}
	if _, err = a.Select(5, 0); !errors.As(err, &failure) || failure.Status != IndexError {
		t.Errorf("got %v", err)
	}
	if _, err = a.Add(nil); !errors.As(err, &failure) || failure.Status != InvalidHandle {
		t.Errorf("got %v", err)
	}
	if _, err = a.AddScalar("one"); !errors.As(err, &failure) || failure.Status != TypeError {
		t.Errorf("got %v", err)
	}
	if _, err = Values[float64](a); err == nil {
		t.Error("Values of another dtype")
	}
	if _, err = FromData([]float32{1}, []int64{2}); err == nil {
		t.Error("FromData of another size")
	}
	a.Release()
	a.Release()
	if _, err = a.Sum(); err == nil || !strings.HasPrefix(a.String(), "<") {
		t.Error("a released tensor")
	}
}

// Goroutines move between threads: each must read the message of its own error.
func TestMessagesDoNotMixBetweenGoroutines(t *testing.T) {
	var group sync.WaitGroup
	for width := int64(4); width < 12; width++ {
		group.Add(1)
		go func(width int64) {
			defer group.Done()
			a, b := Must(Ones([]int64{3})), Must(Ones([]int64{width}))
			expected := Must(b.Neg()).String()
			for i := 0; i < 200; i++ {
				_, err := b.Add(a)
				runtime.Gosched()
				if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("(%d)", width)) {
					t.Errorf("width %d: got %v", width, err)
				}
				if text := Must(b.Neg()).String(); text != expected {
					t.Errorf("width %d: got %s", width, text)
				}
			}
		}(width)
	}
	group.Wait()
}

func TestTextIsThatOfPyTorch(t *testing.T) {
	x := Must(Must(Ones([]int64{2, 2}, RequiresGrad(true))).AddScalar(2))
	expected := "tensor([[3., 3.],\n        [3., 3.]], grad_fn=<AddBackward0>)"
	if x.String() != expected {
		t.Errorf("got %s", x)
	}
	if text := Must(Rand([]int64{60, 10})).String(); len(text) < 600 {
		t.Errorf("a long text is whole: got %s", text)
	}
	if Float64.String() != "float64" || CUDA(1).String() != "cuda:1" {
		t.Error("names")
	}
}

func TestCollectorGivesHandlesBack(t *testing.T) {
	for i := 0; i < 1000; i++ {
		Must(Ones([]int64{10}))
	}
	expectNoHandles(t)
}

// Memory that was never written may hold any byte, and Go's bools only 0 and 1.
func TestBoolsAre0Or1(t *testing.T) {
	for round := 0; round < 20; round++ {
		Must(Full([]int64{256}, 7, Uint8)).Release()
		flags := Must(Empty([]int64{256}, Bool))
		for i, flag := range Must(Values[bool](flags)) {
			if raw := *(*uint8)(unsafe.Pointer(&flag)); raw > 1 {
				t.Errorf("flag %d is %d", i, raw)
			}
		}
		flags.Release()
	}
}

// Each call on a tensor that another goroutine releases is carried out or refused.
func TestReleaseDuringCalls(t *testing.T) {
	for round := 0; round < 200; round++ {
		x := Must(Ones([]int64{100, 100}))
		var group sync.WaitGroup
		for worker := 0; worker < 4; worker++ {
			group.Add(1)
			go func() {
				defer group.Done()
				for {
					y, err := x.Add(x)
					if err != nil {
						return
					}
					if shape := Must(y.Shape()); shape[0] != 100 {
						t.Errorf("got %v", shape)
					}
					y.Release()
					if _, err = Cat([]*Tensor{x, x}); err != nil {
						return
					}
					if _, err = x.Split(50); err != nil {
						return
					}
				}
			}()
		}
		for i := 0; i < round; i++ {
			runtime.Gosched()
		}
		x.Release()
		x.Release()
		group.Wait()
		var failure *Error
		if _, err := x.Sum(); !errors.As(err, &failure) || failure.Status != InvalidHandle {
			t.Errorf("got %v", err)
		}
	}
	expectNoHandles(t)
}

// A call that fails before it reaches the library must not keep its tensors in use for ever.
func TestFailedCallsLetGo(t *testing.T) {
	x := Must(Ones([]int64{2}))
	_, _ = x.AddScalar("one")
	_, _ = Cat([]*Tensor{x, nil})
	_, _ = x.Add(nil)
	_, _ = Grad([]*Tensor{x}, []*Tensor{nil}, nil, BackwardOptions{})
	_, _ = x.Split(0)
	_, _ = Values[float64](x)
	_ = x.SetGrad(Must(Ones([]int64{3})))
	_ = Must(x.ZerosLike(nil)).String()
	if x.state != 0 {
		t.Errorf("%d calls are still in progress", x.state)
	}
	x.Release()
	expectNoHandles(t)
}

// mostReserved computes results that nobody releases, of 4 MB each.
func mostReserved(t *testing.T, count int) uint64 {
	t.Helper()
	x := Must(Ones([]int64{1 << 20}))
	most := uint64(0)
	for i := 0; i < count; i++ {
		Must(x.AddScalar(1))
		if reserved := Must(MemoryReserved()); reserved > most {
			most = reserved
		}
	}
	return most
}

func TestMemoryIsCollectedWithinTheBudget(t *testing.T) {
	// What other tests had live at once may have raised the limit.
	if err := SetMemoryBudget(defaultMemoryBudget); err != nil {
		t.Fatal(err)
	}
	if most := mostReserved(t, 150); most > defaultMemoryBudget {
		t.Errorf("%d bytes reserved", most)
	}
	defer func() { _ = SetMemoryBudget(defaultMemoryBudget) }()
	if err := SetMemoryBudget(64 << 20); err != nil {
		t.Fatal(err)
	}
	if most := mostReserved(t, 100); most > 64<<20 {
		t.Errorf("%d bytes reserved", most)
	}
	// What is live may be more than the budget.
	var kept []*Tensor
	for i := 0; i < 30; i++ {
		kept = append(kept, Must(Full([]int64{1 << 20}, float64(i))))
	}
	if most := mostReserved(t, 100); most < 120<<20 || most > 300<<20 {
		t.Errorf("%d bytes reserved with 120 MB live", most)
	}
	for i, tensor := range kept {
		if Must(Must(tensor.Select(0, 0)).Float()) != float64(i) {
			t.Errorf("tensor %d changed", i)
		}
	}
	// A request that fails moves no limit.
	if _, err := Empty([]int64{1 << 50}); err == nil {
		t.Error("4 PiB were allocated")
	}
	if most := mostReserved(t, 100); most > 300<<20 {
		t.Errorf("%d bytes reserved afterwards", most)
	}
	expectNoHandles(t)
}

func TestMemoryIsCollectedForManyGoroutines(t *testing.T) {
	defer func() { _ = SetMemoryBudget(defaultMemoryBudget) }()
	if err := SetMemoryBudget(64 << 20); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for worker := 0; worker < 4; worker++ {
		group.Add(1)
		go func() {
			defer group.Done()
			mostReserved(t, 200)
		}()
	}
	group.Wait()
	expectNoHandles(t)
}

func TestWarningsGoToTheHandler(t *testing.T) {
	a, b := Must(Ones([]int64{2, 2})), Must(Ones([]int64{2}))
	var heard []string
	handle := func(handler func(string) error) {
		if err := SetWarningHandler(handler); err != nil {
			t.Fatal(err)
		}
	}
	defer handle(nil)
	Must(a.MseLoss(b))
	handle(func(message string) error {
		heard = append(heard, message)
		Must(b.MseLoss(a)) // warns nobody
		return nil
	})
	Must(a.MseLoss(b))
	if len(heard) != 1 || !strings.HasPrefix(heard[0], "Using a target size (torch.Size([2])) that") {
		t.Errorf("got %q", heard)
	}

	out := Must(Ones([]int64{3}))
	handle(func(message string) error { return fmt.Errorf("no: %s", message[:9]) })
	var failure *Error
	err := a.AddOut(b, out)
	if !errors.As(err, &failure) || failure.Message != "no: An output" {
		t.Errorf("got %v", err)
	}
	expectValues[float32](t, out, 1, 1, 1)
	handle(func(string) error { return &Error{ValueError, "mine"} })
	if _, err = a.MseLoss(b, MseLossOptions{Reduction: ReductionSum}); !errors.As(err, &failure) || failure.Status != ValueError {
		t.Errorf("got %v", err)
	}
	handle(func(string) error { panic("on purpose") })
	if _, err = a.MseLoss(b, MseLossOptions{Reduction: ReductionSum}); !errors.As(err, &failure) || failure.Status != Internal {
		t.Errorf("got %v", err)
	}
	handle(nil)
	if err = a.AddOut(b, out); err != nil {
		t.Error(err)
	}
	expectShape(t, out, 2, 2)
}
