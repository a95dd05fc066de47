package enrich

import "github.com/candlewright/candlewright/internal/pipeline"

// SpillBeyond lets an import keep only so many rows in memory.
func SpillBeyond(r ImportRequest, rows int) ImportRequest {
	r.rowsInMemory = rows
	return r
}

// VerifyBy lets a verification compute by other rules.
func VerifyBy(r VerifyRequest, process func(pipeline.Input) pipeline.Output) VerifyRequest {
	r.process = process
	return r
}
