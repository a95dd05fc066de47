package source

// Cost is what a request takes of a source, reckoned before it is made and
// without a call: fetches that go well, with no call repeated.
type Cost struct {
	Calls  int
	Weight int // of the budget that Planned.Budget tells
}

// Planned is a source that can tell ahead what a request takes.
type Planned interface {
	Cost(r Request) Cost
	// Budget is the weight that flows in per minute; 0 is no limit.
	Budget() int
}

// PlannedFunding is a FundingSource that can tell ahead what it takes.
type PlannedFunding interface {
	PaymentCost(r Request) Cost
}
