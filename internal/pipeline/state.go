package pipeline

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/candlewright/candlewright/internal/feature"
	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/quality"
)

// State is the running computation of a series after one of its bars: all that
// the bars before can still do to those to come. Funding payments are no part of
// it, they are a series of their own.
type State struct {
	features *feature.State
	anomaly  *quality.Detector
}

// NewState is the state before the first bar of a series.
func NewState(g grid.Grid) *State {
	return &State{features: feature.New(g), anomaly: quality.NewDetector(g)}
}

// Clone is an independent copy.
func (s *State) Clone() *State {
	return &State{features: s.features.Clone(), anomaly: s.anomaly.Clone()}
}

// Converged reports whether two states after the same bar give the bars to come
// the same features and flags: the values that windows remember are equal, and
// what is remembered for ever (the ATR) is within 1e-12.
func (s *State) Converged(o *State) bool {
	return s.anomaly.Equal(o.anomaly) && s.features.Converged(o.features)
}

// A saved State is: version, length of the features' state (uvarint), that
// state, and the anomalies'. Each part has a version of its own.
const stateVersion = 1

// MarshalBinary saves the state exactly.
func (s *State) MarshalBinary() ([]byte, error) {
	features, err := s.features.AppendBinary(nil)
	if err != nil {
		return nil, fmt.Errorf("save state: %w", err)
	}
	b := append(make([]byte, 0, len(features)+2600), stateVersion)
	b = binary.AppendUvarint(b, uint64(len(features)))
	b = append(b, features...)
	if b, err = s.anomaly.AppendBinary(b); err != nil {
		return nil, fmt.Errorf("save state: %w", err)
	}
	return b, nil
}

// UnmarshalBinary restores what MarshalBinary wrote for a series of the same
// grid; s must come from NewState. After an error s is unchanged.
func (s *State) UnmarshalBinary(b []byte) error {
	if len(b) == 0 {
		return errors.New("restore state: empty")
	}
	if b[0] != stateVersion {
		return fmt.Errorf("restore state: version %d, want %d", b[0], stateVersion)
	}
	b = b[1:]
	n, width := binary.Uvarint(b)
	if width <= 0 || n > uint64(len(b)-width) {
		return errors.New("restore state: cut short")
	}
	b = b[width:]
	read := s.Clone()
	if err := read.features.UnmarshalBinary(b[:n]); err != nil {
		return fmt.Errorf("restore state: %w", err)
	}
	if err := read.anomaly.UnmarshalBinary(b[n:]); err != nil {
		return fmt.Errorf("restore state: %w", err)
	}
	*s = *read
	return nil
}
