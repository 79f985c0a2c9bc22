// Package daemon makes one process of the service's parts.
//
// # Model
//
//	root key ─▶ database ─▶ service ─▶ queue ─▶ worker ─▶ listener ─▶ ready
//	               ▲                                         │
//	               └────────── stops in the other order ◀────┘
//
// A process has a [Role]: api answers requests and publishes templates, worker evaluates, and all does both. More workers on the same
// database, with the same root key, evaluate more comparisons at a time.
//
// Where no database is named, the process starts a private PostgreSQL under its data folder, which ends with it and
// outlives its death. What one process started, another one on the same folder is refused.
//
// # Stopping
//
// When the context of [Run] ends, streams of events are closed, requests that are under way have [drainTime] to finish, and so has what is being
// evaluated. What does not finish is carried on by another process, or by the next one: nothing of the service's side lives here.
package daemon
