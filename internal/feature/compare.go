package feature

// tolerance is the relative difference up to which two values count as equal,
// and the share of its scale up to which a deviation counts as 0. Without it
// the last bit of a constant price would make a trend, and a standard deviation
// of rounding errors would make a score.
const tolerance = 1e-12

// above reports whether a is greater than b by more than the tolerance. Neither
// may be negative: then a itself is the greater of the two wherever it counts.
func above(a, b float64) bool { return a-b > tolerance*a }

// aboveSigned is above for numbers of either sign.
func aboveSigned(a, b float64) bool { return a-b > tolerance*max(a, -a, b, -b) }

// finite reports whether x is a number that a feature may have: neither NaN nor
// an infinity, whose difference from itself is NaN.
func finite(x float64) bool { return x-x == 0 }

// present reports whether x is not NaN, which stands for a missing value.
func present(x float64) bool { return x == x }
