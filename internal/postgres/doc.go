// Package postgres is everything about the database that is not a query: the server that the
// program starts for itself, the pool, the migrations and their verification, and the mark that
// keeps simulated and real candles apart. Queries live in package db and are called by package
// store; only app and tests import this package.
//
// # The server of a data directory
//
// Start joins the server that runs on a data directory, or starts one:
//
//	session A ─┐ shared lock
//	session B ─┼─ sessions.lock ←─ keeper ── postgres.lock (held while the server lives)
//	session C ─┘                     │ child, SIGINT at the keeper's death
//	                              postgres ── socket/ (mode 0700, no network)
//
// The server's parent is a keeper: this program, started once more in the background (an init
// function takes over when CANDLEWRIGHT_POSTGRES_KEEPER is set). Every process that uses the
// server holds sessions.lock shared. The keeper waits until it gets that lock alone, which is when
// the last session was closed or its process died, and then stops the server:
//
//	nothing ──Start──▶ keeper initialises, recovers, reports ──▶ serving
//	serving ──last session closed or killed──▶ fast shutdown ──▶ nothing
//	serving ──keeper killed──▶ the kernel sends the server SIGINT ──▶ nothing
//	serving ──server killed──▶ the keeper ends ──▶ nothing
//
// So whoever started the server may leave first, and kill -9 of any program leaves no orphan.
// Server.Ensure, which the pool calls before each new connection, starts a server again that was
// killed. Locks are the kernel's (flock), so none goes stale. On systems other than Linux the
// kernel does not end the server with its keeper; a server without keeper is stopped by the next
// start.
//
// Only the operating system's user who runs the program gets in: the socket's folder has mode
// 0700 and the server asks the kernel who is there (peer authentication), so there is no password.
// As root the server runs as "postgres" or "nobody", who must be able to enter the data directory.
//
// Commits are durable (fsync, synchronous_commit and full_page_writes are on). The settings are
// in postgresql.conf in the cluster's folder, written once and the owner's to change.
//
// # What lies in a data directory
//
//	postgres/       the cluster            postgres.log[.1]  the log of server and keeper
//	socket/         the Unix socket        postgres.lock, sessions.lock, start.lock, serve.lock
//	programs/       PostgreSQL, where it had to be downloaded
package postgres
