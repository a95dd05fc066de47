// Package telemetry is how the program tells what it does: the log handler, the
// request id that ties log lines to an answer, and the registry of metrics.
//
// Loggers and registries are handed in at construction; there is no global one.
// Metrics are registered where they are counted and only exposed from here.
// Nothing of ours is imported, so that every layer may use it.
package telemetry
