package feature

import "math"

// volatility is the sample standard deviation of log returns, given the sum of
// their squared deviations and 1 / (their number - 1). It is that of the bars as
// they are, not annualised.
func volatility(dev, perDegree float64) float64 {
	sd := math.Sqrt(dev * perDegree)
	if sd <= tolerance {
		return 0
	}
	return sd
}
