package enrich

// SpillBeyond lets an import keep only so many rows in memory.
func SpillBeyond(r ImportRequest, rows int) ImportRequest {
	r.rowsInMemory = rows
	return r
}
