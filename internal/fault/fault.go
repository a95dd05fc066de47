// Package fault is the error that a client may see and the one table of codes.
package fault
