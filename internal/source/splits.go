package source

import (
	"context"

	"github.com/candlewright/candlewright/internal/market"
)

// Split is a change of the size of a share: From old shares became To new ones.
type Split struct {
	Date     market.Date // the first session at the new size
	To, From float64
}

// Factor is the number of new shares for an old one: 4 after 4 for 1.
func (s Split) Factor() float64 { return s.To / s.From }

// SplitSource is a source that lists the splits of a symbol.
type SplitSource interface {
	// Splits are those whose date lies in [From, To), ascending. A symbol
	// without any has none, and that is no error. The attempt is the one that
	// answered, with an error the last one; those that failed go to OnFailure.
	Splits(ctx context.Context, r Request) ([]Split, Attempt, error)
}

// Splits asks the sources of the asset class in their order until one answers;
// false where nobody does. Failures are told to OnFailure alone: whoever asks
// has to do without.
func (c *Chain) Splits(ctx context.Context, r Request) ([]Split, Attempt, bool) {
	for _, name := range c.order[r.Symbol.Class] {
		s, ok := c.sources[name].(SplitSource)
		if !ok {
			continue
		}
		splits, attempt, err := s.Splits(ctx, r)
		if err == nil {
			return splits, attempt, true
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, Attempt{}, false
}
