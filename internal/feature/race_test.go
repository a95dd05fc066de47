//go:build race

package feature_test

func init() { raceDetector = true }
