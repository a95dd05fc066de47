package graph

import (
	"context"

	"github.com/candlewright/candlewright/graph/model"
	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/fault"
)

// maxNodes is how many objects are given by their ids at once.
const maxNodes = 100

func (r *Resolver) node(ctx context.Context, id string) (model.Node, error) {
	found, err := r.nodes(ctx, []string{id})
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

// nodes gives objects by their ids, in the same order, with one statement for
// each type among them.
func (r *Resolver) nodes(ctx context.Context, ids []string) ([]model.Node, error) {
	if len(ids) > maxNodes {
		return nil, fault.BadInput("ids", "there are %d ids: want at most %d", len(ids), maxNodes)
	}
	keys := make([]nodeKey, len(ids))
	byKind := map[nodeKind][]nodeKey{}
	for i, id := range ids {
		if key, ok := parseNodeID(id); ok {
			keys[i] = key
			byKind[key.kind] = append(byKind[key.kind], key)
		}
	}
	found := map[nodeKey]model.Node{}
	for kind, keys := range byKind {
		if err := r.nodesOf(ctx, kind, keys, found); err != nil {
			return nil, err
		}
	}
	nodes := make([]model.Node, len(ids))
	for i, key := range keys {
		nodes[i] = found[key] // of an id that is none of ours nothing was found
	}
	return nodes, nil
}

func (r *Resolver) nodesOf(ctx context.Context, kind nodeKind, keys []nodeKey, found map[nodeKey]model.Node) error {
	switch kind {
	case symbolNode:
		return lookUp(ctx, keys, found, idOf, r.service.SymbolsByIDs)
	case runNode:
		return lookUp(ctx, keys, found, idOf, r.service.RunsByIDs)
	case fetchLogNode:
		return lookUp(ctx, keys, found, idOf, r.service.FetchLogsByIDs)
	case computeLogNode:
		return lookUp(ctx, keys, found, idOf, r.service.ComputeLogsByIDs)
	case correctionNode:
		return lookUp(ctx, keys, found, idOf, r.service.CorrectionsByIDs)
	case dailyMetricNode:
		return lookUp(ctx, keys, found, func(k nodeKey) enrich.DayKey { return enrich.DayKey{SymbolID: k.id, Date: k.date} }, r.service.DailyMetricsOn)
	}
	return nil
}

func idOf(k nodeKey) int64 { return k.id }

func lookUp[K comparable, V any](ctx context.Context, keys []nodeKey, found map[nodeKey]model.Node, keyOf func(nodeKey) K, fetch func(context.Context, []K) (map[K]V, error)) error {
	wanted := make([]K, len(keys))
	for i, key := range keys {
		wanted[i] = keyOf(key)
	}
	values, err := fetch(ctx, wanted)
	if err != nil {
		return err
	}
	var rows []V
	for _, key := range keys {
		if v, ok := values[keyOf(key)]; ok {
			found[key] = v
			rows = append(rows, v)
		}
	}
	remember(ctx, rows)
	return nil
}
