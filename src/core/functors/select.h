// Choice: a fragment (core/functors/README.md).

// Highway leaves open what Ne says of NaN, which is true as a condition: so Eq.
FUNCTOR(Where, kAllTypes, (condition, a, b), IfThenElse(Eq(condition, Zero(d)), b, a))
