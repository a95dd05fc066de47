package graph

import (
	"encoding/base64"
	"encoding/binary"

	"github.com/candlewright/candlewright/internal/enrich"
	"github.com/candlewright/candlewright/internal/market"
)

// nodeKind is the type of a node; the values are in ids that clients hold.
type nodeKind byte

const (
	symbolNode      nodeKind = 'S'
	runNode         nodeKind = 'R'
	fetchLogNode    nodeKind = 'F'
	computeLogNode  nodeKind = 'C'
	correctionNode  nodeKind = 'K'
	dailyMetricNode nodeKind = 'D'
)

// nodeKey is what a node's id holds.
type nodeKey struct {
	kind nodeKind
	id   int64       // of a daily metric: the symbol's
	date market.Date // of a daily metric
}

// nodeID is the id of a row: base64url of its type and its key. It never
// changes, since neither does the key.
func nodeID(kind nodeKind, id int64) string { return nodeKey{kind: kind, id: id}.String() }

// dailyMetricID is the id of the metrics of a symbol on a date.
func dailyMetricID(m *enrich.DailyMetric) string {
	return nodeKey{dailyMetricNode, m.SymbolID, m.Date}.String()
}

// String is the id as clients see it.
func (k nodeKey) String() string {
	b := binary.AppendUvarint([]byte{byte(k.kind)}, uint64(k.id))
	if k.kind == dailyMetricNode {
		b = binary.AppendVarint(b, int64(k.date))
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// parseNodeID reads an id; false where it is none of ours, which then names
// nothing.
func parseNodeID(id string) (nodeKey, bool) {
	const longest = 40
	b, err := base64.RawURLEncoding.Strict().DecodeString(id)
	if err != nil || len(id) > longest || len(b) < 2 {
		return nodeKey{}, false
	}
	k := nodeKey{kind: nodeKind(b[0])}
	n, size := binary.Uvarint(b[1:])
	if size <= 0 {
		return nodeKey{}, false
	}
	k.id = int64(n)
	switch k.kind {
	case dailyMetricNode:
		days, size := binary.Varint(b[1+size:])
		if size <= 0 {
			return nodeKey{}, false
		}
		k.date = market.Date(days)
		if !within(k.date.Time()) {
			return nodeKey{}, false
		}
	case symbolNode, runNode, fetchLogNode, computeLogNode, correctionNode:
	default:
		return nodeKey{}, false
	}
	return k, k.id > 0 && k.String() == id // a second spelling of an id is none
}
