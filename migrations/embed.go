// Package migrations holds the schema: one goose file per step, embedded in the
// program. A file that has been released is never edited; a change is a new file.
package migrations

import "embed"

// Files are the migrations, *.sql by number.
//
//go:embed *.sql
var Files embed.FS
