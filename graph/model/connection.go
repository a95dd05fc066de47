// Package model is the GraphQL types that are no struct of the domain: inputs
// and payloads, which gqlgen makes, and connections.
package model

import (
	"context"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/pipeline"
)

// Node is any object with an id of its own.
type Node any

// The connections of the schema and their edges are one type each, of rows as
// they were read.
type (
	// SymbolConnection is a page of symbols.
	SymbolConnection = Connection[pipeline.Symbol]
	// SymbolEdge is one of them with its place.
	SymbolEdge = Edge[pipeline.Symbol]
	// CandleConnection is a page of candles.
	CandleConnection = Connection[enrich.Candle]
	// CandleEdge is one of them with its place.
	CandleEdge = Edge[enrich.Candle]
	// EnrichmentRunConnection is a page of runs.
	EnrichmentRunConnection = Connection[pipeline.Run]
	// EnrichmentRunEdge is one of them with its place.
	EnrichmentRunEdge = Edge[pipeline.Run]
	// FetchLogConnection is a page of fetch logs.
	FetchLogConnection = Connection[pipeline.FetchLog]
	// FetchLogEdge is one of them with its place.
	FetchLogEdge = Edge[pipeline.FetchLog]
	// ComputeLogConnection is a page of compute logs.
	ComputeLogConnection = Connection[pipeline.ComputeLog]
	// ComputeLogEdge is one of them with its place.
	ComputeLogEdge = Edge[pipeline.ComputeLog]
	// DailyQualityMetricConnection is a page of daily metrics.
	DailyQualityMetricConnection = Connection[enrich.DailyMetric]
	// DailyQualityMetricEdge is one of them with its place.
	DailyQualityMetricEdge = Edge[enrich.DailyMetric]
	// CorrectionConnection is a page of corrections.
	CorrectionConnection = Connection[pipeline.Correction]
	// CorrectionEdge is one of them with its place.
	CorrectionEdge = Edge[pipeline.Correction]
	// GapConnection is a page of gaps.
	GapConnection = Connection[enrich.Gap]
	// GapEdge is one of them with its place.
	GapEdge = Edge[enrich.Gap]
)

// Connection is one page of a list. Its rows are as they were read; edges and
// cursors are made when they are asked for.
type Connection[T any] struct {
	Rows              []T
	HasNext, HasPrior bool
	CursorOf          func(*T) string                      // the place of a row in this list
	Count             func(context.Context) (int64, error) // the length of the whole list
}

// Edge is a row with its place in the list.
type Edge[T any] struct {
	Row      *T
	cursorOf func(*T) string
}

// PageInfo tells where a page lies in its list.
type PageInfo struct {
	HasNextPage, HasPreviousPage bool
	StartCursor, EndCursor       *string
}

// Nodes is the rows.
func (c *Connection[T]) Nodes() []T { return c.Rows }

// Edges is the rows with their cursors.
func (c *Connection[T]) Edges() []Edge[T] {
	edges := make([]Edge[T], len(c.Rows))
	for i := range c.Rows {
		edges[i] = Edge[T]{&c.Rows[i], c.CursorOf}
	}
	return edges
}

// PageInfo tells where the page lies.
func (c *Connection[T]) PageInfo() PageInfo {
	p := PageInfo{HasNextPage: c.HasNext, HasPreviousPage: c.HasPrior}
	if n := len(c.Rows); n > 0 {
		first, last := c.CursorOf(&c.Rows[0]), c.CursorOf(&c.Rows[n-1])
		p.StartCursor, p.EndCursor = &first, &last
	}
	return p
}

// TotalCount counts the whole list.
func (c *Connection[T]) TotalCount(ctx context.Context) (int64, error) { return c.Count(ctx) }

// Cursor is the place of the row in the list.
func (e *Edge[T]) Cursor() string { return e.cursorOf(e.Row) }

// Node is the row.
func (e *Edge[T]) Node() *T { return e.Row }
