// Package crash starts PostgreSQL servers that tests kill, as a power cut would, and start again on what is left.
//
// # Model
//
//	Start ─▶ Database ─▶ ... ─▶ Kill ─▶ Restart ─▶ ...
//
// Such a server keeps its promises: it writes to the disk what it says it has written, unlike the servers of package testenv, whose data
// nobody will miss. Kill stops all of its processes at one moment and ends them with signal 9, so that the next start recovers
// from the log. What the operating system had not written to the disk yet is not lost by that; only a power cut would show it.
package crash
