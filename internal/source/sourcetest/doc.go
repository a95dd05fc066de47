// Package sourcetest holds what every source must do, as tests that an adapter
// runs against the simulated protocol of its provider, and the means to replay
// answers that real providers once gave. Only tests import it.
package sourcetest
