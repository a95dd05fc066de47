// Package app is the program: its commands (a file each), flags and environment,
// wiring, and the order in which things start and stop.
//
// Only here packages of every layer meet; nothing here decides what is right
// about a candle.
package app
