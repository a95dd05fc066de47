package pipeline

import (
	"time"

	"github.com/google/uuid"

	"github.com/candlewright/candlewright/internal/market"
)

// Symbol is a symbol as the store knows it.
type Symbol struct {
	ID int64
	market.Symbol
	Name       string // "" is unknown
	Active     bool   // tracked now
	Scheduled  bool   // the scheduler starts it
	Timeframes []market.Timeframe
	AddedAt    time.Time
}

// RunTrigger is what started a run.
type RunTrigger string

// The triggers of runs.
const (
	TriggerManual   RunTrigger = "manual"
	TriggerSchedule RunTrigger = "schedule"
	TriggerBackfill RunTrigger = "backfill"
	TriggerRepair   RunTrigger = "repair"
	TriggerImport   RunTrigger = "import"
)

// RunStatus is where a run stands.
type RunStatus string

// The states of a run: queued, then in progress, then one of the last three.
const (
	RunQueued     RunStatus = "queued"
	RunInProgress RunStatus = "in_progress"
	RunCompleted  RunStatus = "completed"
	RunFailed     RunStatus = "failed"
	RunCancelled  RunStatus = "cancelled"
)

// Ended reports whether the run is over.
func (s RunStatus) Ended() bool { return s == RunCompleted || s == RunFailed || s == RunCancelled }

// RunError is why a run failed.
type RunError struct {
	Code, Message string
	Retryable     bool
}

// Run is one enrichment job of one symbol over one or more timeframes.
type Run struct {
	ID               int64
	SymbolID         int64
	JobID            uuid.UUID // the job_id of the REST API
	Trigger          RunTrigger
	Status           RunStatus
	Timeframes       []market.Timeframe
	From, To         time.Time // From inclusive, To exclusive
	RequestedBy      string
	Attempt          int
	MaxAttempts      int
	RecordsTotal     int64
	RecordsDone      int64
	EstimatedSeconds int
	CancelRequested  bool
	Error            *RunError
	CreatedAt        time.Time
	StartedAt        time.Time // zero while queued
	FinishedAt       time.Time // zero until ended
}

// BackfillStatus is where one timeframe of a run stands.
type BackfillStatus string

// The states of a backfill row.
const (
	BackfillPending    BackfillStatus = "pending"
	BackfillInProgress BackfillStatus = "in_progress"
	BackfillCompleted  BackfillStatus = "completed"
	BackfillFailed     BackfillStatus = "failed"
	BackfillCancelled  BackfillStatus = "cancelled"
)

// Backfill is the progress of one timeframe of a run.
type Backfill struct {
	ID                 int64
	SymbolID           int64
	JobID              uuid.UUID
	Timeframe          market.Timeframe
	Status             BackfillStatus
	LastSuccessfulDate *market.Date // nil until something is stored
	DoneThrough        time.Time    // everything stamped before it is stored; zero at the start
	ErrorMessage       string
	RetryCount         int
	CreatedAt          time.Time
	UpdatedAt          time.Time
}

// FetchLog is one attempt to get candles from one source.
type FetchLog struct {
	ID                int64
	SymbolID          int64
	Timeframe         market.Timeframe
	RunID             int64 // 0 is none
	Source            market.SourceName
	From, To          time.Time // slots answered for, To exclusive; zero where nothing was
	Fetched           int       // rows that reached the checks
	Inserted          int
	Updated           int
	Rejected          int
	Success           bool
	ResponseTimeMs    *int // nil: the source never answered
	APIQuotaRemaining *int
	ErrorCode         string
	ErrorMessage      string
	Attempt           int
	Detail            string // file name, or counts of rows left out
	CreatedAt         time.Time
}

// ComputeLog is one computation of features.
type ComputeLog struct {
	ID                int64
	SymbolID          int64
	Timeframe         market.Timeframe
	RunID             int64
	FeaturesComputed  int      // feature values with a number or word, over all candles of the computation
	MissingFields     []string // features that were expected somewhere and have no value there
	ComputationTimeMs *int
	Success           bool
	ErrorMessage      string
	CreatedAt         time.Time
}

// CorrectionReason is why a stored value was changed.
type CorrectionReason string

// The reasons of corrections.
const (
	SourceUpdated    CorrectionReason = "source_updated"
	SourceUpgraded   CorrectionReason = "source_upgraded"
	ManualCorrection CorrectionReason = "manual_correction"
	BugFix           CorrectionReason = "bug_fix"
	SplitAdjustment  CorrectionReason = "split_adjustment"
)

// Correction is one changed field of one stored candle.
type Correction struct {
	ID          int64
	SymbolID    int64
	Timeframe   market.Timeframe
	TS          time.Time // zero for a correction of the whole series
	Field       string    // column name
	Old, New    string    // shortest decimal text that reads back as the same number; "" is null
	Reason      CorrectionReason
	CorrectedBy string
	CorrectedAt time.Time
	RunID       int64
}

// Progress is one event of a run: what a watcher of the run is shown.
type Progress struct {
	Seq              int64            `json:"seq"`
	Status           RunStatus        `json:"status"`
	Stage            Stage            `json:"stage"`
	Timeframe        market.Timeframe `json:"timeframe,omitempty"`
	RecordsTotal     int64            `json:"records_total"`
	RecordsDone      int64            `json:"records_done"`
	RecordsPerSecond float64          `json:"records_per_second"`
	EtaSeconds       *int             `json:"eta_seconds,omitempty"`
	Message          string           `json:"message,omitempty"`
	At               time.Time        `json:"at"`
}

// Fraction is the share of the run's bars that are dealt with, 0 … 1; of a run
// without bars 1 when it has ended and 0 before.
func (p Progress) Fraction() float64 {
	if p.RecordsTotal > 0 {
		return min(float64(p.RecordsDone)/float64(p.RecordsTotal), 1)
	}
	if p.Status.Ended() {
		return 1
	}
	return 0
}

// Stage is the part of its work that a run is at.
type Stage string

// The stages of a run, in their order.
const (
	StageFetch    Stage = "fetch"
	StageValidate Stage = "validate"
	StageCompute  Stage = "compute"
	StageStore    Stage = "store"
	StageDone     Stage = "done"
)

// SeriesInfo is the extent of one stored series.
type SeriesInfo struct {
	SymbolID    int64
	Timeframe   market.Timeframe
	Basis       int
	First, Last time.Time // stamps; zero while nothing is stored
	Records     int64
	Validated   int64
	Anomalies   int64
	Revision    int64
	Digest      Digest // of all candles
}
