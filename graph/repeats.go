package graph

import (
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// The validator compares all fields that come to stand at one place of the answer
// with each other, in pairs: {id id id …} of one megabyte would keep it busy for
// minutes. Documents in which so many do are refused before.

// maxComparisons is how many pairs a document may have: some 20 ms of work.
const maxComparisons = 200_000

// fewEnough is the length of documents that need no look: they cannot have so
// many pairs.
const fewEnough = 1 << 10

// repeatsTooMuch reports whether validating a document would take too long. One
// that cannot be parsed is somebody else's to refuse.
func repeatsTooMuch(query string, maxTokens, maxDepth int) bool {
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: query}, maxTokens)
	if err != nil {
		return false
	}
	r := repeats{fragments: doc.Fragments, left: maxComparisons, maxDepth: 2 * maxDepth}
	for _, op := range doc.Operations {
		r.merge([]ast.SelectionSet{op.SelectionSet}, 0)
	}
	for _, f := range doc.Fragments {
		r.merge([]ast.SelectionSet{f.SelectionSet}, 0)
	}
	return r.left < 0
}

type repeats struct {
	fragments ast.FragmentDefinitionList
	left      int // comparisons
	maxDepth  int // beyond it the operation is refused for that, or is a circle
}

// merge goes through the fields that stand at one place, by their names in the
// answer.
func (r *repeats) merge(sets []ast.SelectionSet, depth int) {
	if r.left < 0 || depth > r.maxDepth {
		return
	}
	byName := map[string][]ast.SelectionSet{}
	seen := map[string]bool{}
	for _, set := range sets {
		r.collect(set, byName, seen)
	}
	for _, same := range byName {
		r.left -= len(same) * len(same)
		r.merge(same, depth+1)
	}
}

func (r *repeats) collect(set ast.SelectionSet, byName map[string][]ast.SelectionSet, seen map[string]bool) {
	for _, s := range set {
		if r.left--; r.left < 0 {
			return
		}
		switch s := s.(type) {
		case *ast.Field:
			byName[s.Alias] = append(byName[s.Alias], s.SelectionSet)
		case *ast.InlineFragment:
			r.collect(s.SelectionSet, byName, seen)
		case *ast.FragmentSpread:
			if f := r.fragments.ForName(s.Name); f != nil && !seen[s.Name] {
				seen[s.Name] = true
				r.collect(f.SelectionSet, byName, seen)
			}
		}
	}
}
