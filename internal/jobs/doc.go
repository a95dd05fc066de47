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
// What must not happen is a run without any job. It could only by the death of a
// worker, at three places, and the orphan watch of every process looks at each:
//
//	River's row  the run      the worker died                     the watch
//	running      queued       after it took the job               puts a new job in its place
//	running      in_progress  in the run; its locks are free      queues it again (enrich.TakeUpOrphans)
//	running      ended        before it could say that it ended   closes the row
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
// River also counts a job's attempts and gives up. The attempts of a run are
// counted by the run: they are those against a source. A job is repeated until
// its run has ended.
package jobs
