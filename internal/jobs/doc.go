// Package jobs has runs carried out: it puts them into the queue of River, whose
// tables lie in the same database, and it is the workers that take them out. It
// implements enrich.Queue, watches for runs whose worker died, and ticks the
// schedule. What a run does is enrich's; here is only who does it, when, and
// what happens when that one goes away.
//
// # The states of a run
//
//	           Enqueue, in the transaction
//	           that made the run
//	(none) ───────────────────────────────▶ queued
//	                                          │
//	        a worker holds the series' locks  │ Execute
//	                                          ▼
//	    ┌───────────────────────────────▶ in_progress ──┬──▶ completed
//	    │                                     │         ├──▶ failed
//	    │  taken up where it stands:          │         └──▶ cancelled
//	    │   - the worker died: orphan watch   │              (Execute, or Fail
//	    │   - it was stopped: handed back     │               after a panic)
//	    │   - the database was away: retry    │
//	    └─────────────────────────────────────┘
//
// The state of a run is in enrichment_runs and moved by enrich alone. A job of
// River is no more than the order "somebody carry out run 17", and a run may use
// up several of them: whichever worker gets one calls Execute, which finds out
// by itself where the run stands. So every mistake that can happen with jobs is
// harmless. Two jobs of one run: one finds the series taken and comes back a
// second later. A job of a run that has ended: nothing is left to do.
//
// What must not happen is an open run without a job. Only the death of a worker
// can bring that about, since it leaves a row of River that says "running" for
// ever. The orphan watch of every process looks for each place of that death:
//
//	the run      the worker died                    what the watch does
//	queued       after it had taken the job         puts a new job in the place of the old
//	in_progress  in the run: its locks are free     queues the run again (enrich.TakeUpOrphans)
//	ended        before River heard of the end      has River close the row
//
// # Why River's defaults do not fit
//
// A run may take hours, River expects a minute: it cancels a job after that time
// (JobTimeout; ours is none), and what it finds running an hour after its start
// it starts a second time, whether its worker lives or not (RescueStuckJobsAfter).
// It knows no heartbeat, so the job of a killed worker waits for that hour. Here
// the lease of a run is the session lock on its series, which dies with the
// process that holds it, so a run goes on a few seconds later. With JobTimeout
// none River's rescuer leaves living jobs alone, and only closes the rows that
// the watch has marked as cancelled.
//
// River also gives a job up after some attempts, within which a run would be lost
// to an hour without a database. What a run may fail at, its sources, it counts
// and ends by itself; a job only fails for other reasons, and is repeated for
// hours before its run is ended for it.
package jobs
