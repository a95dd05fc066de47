// Package enrich is the service layer: one file per use case, reads and writes
// alike. It owns transactions, the clock and progress; REST handlers and GraphQL
// resolvers are two thin faces of it.
//
// It sees the store, the sources and the pure packages, and no HTTP, pgx, River
// or GraphQL. What it needs done from outside is a small interface here (Queue).
package enrich
