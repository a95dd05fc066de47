//go:build race

package feature_test

// raceDetector says that the tests run under the race detector, which slows this
// package by a factor of ten.
const raceDetector = true
