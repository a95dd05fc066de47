package graph

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/graph-gophers/dataloader/v7"

	"github.com/candlewright/candlewright/internal/enrich"
)

// strayWait is how long a key that nobody foresaw waits for others.
const strayWait = 2 * time.Millisecond

// loaders load what belongs to many parents at once, for one response: one
// loader for each place in the answer, and so for each set of arguments.
//
// Rows that were read together (a page, or the pages of all parents) are
// remembered under their place. When the first of them asks for something of its
// own, its loader asks for all of them in one batch, at once: the number of
// statements follows from the shape of the query alone, and nothing waits for a
// timer. The goroutines of the other rows find their value on its way.
type loaders struct {
	mu      sync.Mutex
	rows    map[placed]any // [][]T by place and type
	batches map[placed]any // *batches[K, V] by place and relation
}

// placed is something of a type at a place in the answer.
type placed struct {
	path string
	kind any // a nil pointer: its type is the key
}

type loadersKey struct{}

// withLoaders gives each response new loaders: a subscription must not see what
// an event before has loaded.
func withLoaders(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	return next(context.WithValue(ctx, loadersKey{}, &loaders{}))
}

func loadersOf(ctx context.Context) *loaders {
	l, ok := ctx.Value(loadersKey{}).(*loaders)
	if !ok {
		panic("graph: no loaders in this context: withLoaders must be around every response")
	}
	return l
}

// remember notes rows that were read together at the place of the present field.
func remember[T any](ctx context.Context, rows ...[]T) {
	put(loadersOf(ctx), fieldPath(ctx), rows)
}

func put[T any](l *loaders, path string, rows [][]T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.rows == nil {
		l.rows = map[placed]any{}
	}
	key := placed{path, (*T)(nil)}
	known, _ := l.rows[key].([][]T)
	l.rows[key] = append(known, rows...)
}

// cohort is the rows of a type at a place or, where none are known there, above
// it: those of an object stand under the field that brought it. The lock is held.
func cohort[T any](l *loaders, path string) [][]T {
	for ok := true; ok; path, ok = parentPath(path) {
		if rows, known := l.rows[placed{path, (*T)(nil)}].([][]T); known {
			return rows
		}
	}
	return nil
}

// relation is something that rows of type T have: what it is loaded by, and how
// for many at once. A row without a key has none of it.
type relation[T any, K comparable, V any] struct {
	key   func(*T) (K, bool)
	fetch func(context.Context, []K) (map[K]V, error)
	// arrived notes the rows that came at a place; nil where they have nothing to
	// load of their own.
	arrived func(l *loaders, path string, values map[K]V)
}

// of gives what a row has; the zero value where it has none.
func (r relation[T, K, V]) of(ctx context.Context, row *T) (V, error) {
	key, ok := r.key(row)
	if !ok {
		var none V
		return none, nil
	}
	b := r.batches(ctx, key)
	if b.known[key] {
		return b.together.Load(ctx, key)()
	}
	return b.strays.Load(ctx, key)()
}

// batches is what a place is loaded by.
type batches[K comparable, V any] struct {
	known    map[K]bool
	together *dataloader.Loader[K, V] // of the known keys, all of them on their way
	strays   *dataloader.Loader[K, V] // of any other
}

// never is longer than any request: a batch of known keys goes when it is whole.
const never = time.Hour

// batches are those of the present place; they are made by the first row that
// asks.
func (r relation[T, K, V]) batches(ctx context.Context, own K) *batches[K, V] {
	l, path := loadersOf(ctx), fieldPath(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	place := placed{path, (*relation[T, K, V])(nil)}
	if b, ok := l.batches[place].(*batches[K, V]); ok {
		return b
	}
	keys := r.keys(l, path)
	b := &batches[K, V]{known: make(map[K]bool, len(keys))}
	for _, k := range keys {
		b.known[k] = true
	}
	fetch := r.batch(l, path)
	b.strays = dataloader.NewBatchedLoader(fetch, dataloader.WithWait[K, V](strayWait))
	if b.known[own] {
		b.together = dataloader.NewBatchedLoader(fetch, dataloader.WithWait[K, V](never),
			dataloader.WithBatchCapacity[K, V](len(keys)), dataloader.WithInputCapacity[K, V](len(keys)))
		for _, k := range keys {
			b.together.Load(ctx, k) // the last one starts the batch
		}
	} else {
		clear(b.known)
	}
	if l.batches == nil {
		l.batches = map[placed]any{}
	}
	l.batches[place] = b
	return b
}

// keys are the different keys of the rows that were read together above the
// place. The lock is held.
func (r relation[T, K, V]) keys(l *loaders, path string) []K {
	above, _ := parentPath(path)
	var keys []K
	seen := map[K]bool{}
	for _, rows := range cohort[T](l, above) {
		for i := range rows {
			if k, ok := r.key(&rows[i]); ok && !seen[k] {
				seen[k] = true
				keys = append(keys, k)
			}
		}
	}
	return keys
}

func (r relation[T, K, V]) batch(l *loaders, path string) dataloader.BatchFunc[K, V] {
	return func(ctx context.Context, keys []K) []*dataloader.Result[V] {
		values, err := caught(ctx, keys, r.fetch)
		if err == nil && r.arrived != nil {
			r.arrived(l, path, values)
		}
		results := make([]*dataloader.Result[V], len(keys))
		for i, k := range keys {
			results[i] = &dataloader.Result[V]{Data: values[k], Error: err}
		}
		return results
	}
}

// panicked is a panic of a batch, which runs in a goroutine of its own.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v\n%s", p.value, p.stack) }

func caught[K comparable, V any](ctx context.Context, keys []K, fetch func(context.Context, []K) (map[K]V, error)) (values map[K]V, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicked{v, debug.Stack()}
		}
	}()
	return fetch(ctx, keys)
}

// What can arrive: an object for each parent, a slice, or a page.

func objects[K comparable, V any](l *loaders, path string, values map[K]V) {
	rows := make([]V, 0, len(values))
	for _, v := range values {
		rows = append(rows, v)
	}
	put(l, path, [][]V{rows})
}

func slicesOf[K comparable, V any](l *loaders, path string, values map[K][]V) {
	rows := make([][]V, 0, len(values))
	for _, v := range values {
		rows = append(rows, v)
	}
	put(l, path, rows)
}

func pages[K comparable, V any](l *loaders, path string, values map[K]enrich.List[V]) {
	rows := make([][]V, 0, len(values))
	for _, v := range values {
		rows = append(rows, v.Rows)
	}
	put(l, path, rows)
}
