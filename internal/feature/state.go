package feature

import (
	"fmt"
	"slices"

	"github.com/candlewright/candlewright/internal/grid"
	"github.com/candlewright/candlewright/internal/market"
)

// State is the running computation of one series. Make one with New; copy it
// with Clone, since a plain copy shares memory. It is not safe for concurrent use.
type State struct {
	g      grid.Grid
	crypto bool

	n           int64     // bars pushed
	first, last grid.Slot // of the bars pushed
	close       float64   // of the last bar

	closes   closes
	window   window
	atr      wilder
	swings   swings
	volumes  volumes
	interest interest
}

// Result is what Push tells of a bar.
type Result struct {
	Values Values
	// Expected is the features that the bar ought to have: those of its asset
	// class and timeframe that its source's fields allow, each from the first
	// bar at which its window can be full. Some may be missing all the same, for
	// want of a stored bar, a delivered value, or a divisor other than 0.
	Expected Set
	// Insane says that a return is too far from 0 to be believed and so fails the
	// check feature_sane. It is missing from Values; later bars are computed as
	// if nothing were wrong.
	Insane bool
}

// New is the state of a series before its first bar.
func New(g grid.Grid) *State {
	return &State{
		g:        g,
		crypto:   g.Class() == market.Crypto,
		closes:   newCloses(g),
		interest: interest{value: market.Missing()},
	}
}

// Grid is the axis of the series.
func (s *State) Grid() grid.Grid { return s.g }

// Bars is the number of bars pushed since the start of the series.
func (s *State) Bars() int64 { return s.n }

// Last is the slot of the last bar pushed, false before the first.
func (s *State) Last() (grid.Slot, bool) { return s.last, s.n > 0 }

// Push computes the features of the next bar. It allocates nothing.
//
// The bar is one that can be stored: its prices are positive and its volume is
// not negative, all of them finite. Its delivered fields are taken as they are,
// but for infinities, which are missing; insane ones are nulled before
// (package quality), and taker sells that follow from the buys are filled in.
// f is what the payments say at the bar's end; it counts where the candle offers
// market.FundingPayments, and there alone.
//
// Push panics where slot is not after that of the bar before.
func (s *State) Push(c *market.Candle, slot grid.Slot, f Funding) (r Result) {
	if s.n > 0 && slot <= s.last {
		panic(fmt.Sprintf("feature: slot %d pushed after slot %d", slot, s.last))
	}
	r.Values = noValues
	i, before := s.n, s.close
	if i == 0 {
		s.first = slot
		before = c.Close // a first return and true range that no window holds
	}
	if ref, ok := s.g.HourBefore(slot); ok {
		s.setReturn(&r, Return1h, ref, c.Close)
	}
	if ref, ok := s.g.DayBefore(slot); ok {
		s.setReturn(&r, Return1d, ref, c.Close)
	}
	s.pushWindows(&r, c, before)
	if s.crypto {
		s.pushCrypto(&r, c, f)
	}
	s.closes.put(slot, c.Close)
	s.n, s.last, s.close = i+1, slot, c.Close
	return r
}

// pushWindows fills the features over the last so many bars.
func (s *State) pushWindows(r *Result, c *market.Candle, before float64) {
	i, num := s.n, &r.Values.Num
	r.Expected |= windowed(i)

	scaled := closeScale * c.Close
	t := s.window.push(scaled, c.Volume, logReturn(c.Close, before))
	if i >= 20 {
		num[Volatility20] = volatility(t.dev20, 1./19)
	}
	if i >= 50 {
		num[Volatility50] = volatility(t.dev50, 1./49)
	}
	if i >= 49 {
		r.Values.Trend = trend(scaled, t.close20, t.close50)
	}
	if i >= 19 {
		set(num, RollingVolume20, t.volume20)
	}
	if i > 0 {
		if atr, ok := s.atr.push(i, trueRange(c.High, c.Low, before)); ok {
			set(num, ATR, atr)
		}
	}
	if st := s.swings.push(i, c.High, c.Low); st != "" {
		r.Values.Structure = st
		r.Expected |= 1 << MarketStructure
	}
	if s.crypto {
		if i >= spikeBars {
			r.Expected |= 1 << VolumeSpikeScore
			set(num, VolumeSpikeScore, spikeScore(c.Volume, s.volumes.last20()))
		}
		s.volumes.push(c.Volume)
	}
}

// Clone is an independent copy.
func (s *State) Clone() *State {
	c := *s
	c.closes.places = slices.Clone(s.closes.places)
	return &c
}
