// Comparisons: a fragment (core/functors/README.md).

PREDICATE(Eq, kAllTypes, (a, b), Eq(a, b))
PREDICATE(Ne, kAllTypes, (a, b), Ne(a, b))
PREDICATE(Lt, kAllTypes, (a, b), Lt(a, b))
PREDICATE(Le, kAllTypes, (a, b), Le(a, b))
PREDICATE(Gt, kAllTypes, (a, b), Gt(a, b))
PREDICATE(Ge, kAllTypes, (a, b), Ge(a, b))
