// Package postgres runs private PostgreSQL servers from the machine's own binaries and loads
// schema files, which are code from strangers, into scratch databases on them.
//
// The model, from the outside in:
//
//	Binaries ──Start──▶ Server ──Scratch──▶ Scratch ──Load──▶ LoadReport
//	(Find)              one cluster,        one database,     what ran,
//	                    one folder          one owner role    what was left out
//
// # The server
//
// A server is a cluster in a temporary folder of its own. It listens on a socket only, in a
// folder that only its user can enter, and every connection needs a password that exists in
// this process's memory alone. PostgreSQL does not run as root: for root, the server runs as an
// unprivileged user, which Options.User can choose. Nothing is synchronised to disk.
//
// A server ends with the process that started it. [Server.Close] is the ordinary way. When the
// process is interrupted or killed, the kernel's parent-death signal stops the server, and a
// small shell that was waiting on a pipe removes the folder. Should the machine stop them all,
// the next server started in the same place removes the folder, whose lock is free by then.
//
// # The instance
//
// [OpenInstance] runs one server whose data stay, in a folder of the caller's, for a service that
// has no other database. It is durable. One process holds it at a time, by a lock that says
// who; the server inherits a second lock, which is free when the last of its processes has
// ended, whatever became of the first. A server that dies is started again behind the same DSN.
//
// # The scratch database
//
// Its owner is a role without any right outside it: no superuser, no roles, no databases, no
// files, no programs, no connection to another database. What that leaves, endless statements
// and great amounts of memory or disk, is bounded by [Limits]: by the server where the code
// cannot change the setting, by the operating system for memory, and by a watchdog that ends the
// session from outside. Extensions are made where PostgreSQL marks them as trusted, or where
// they are on a short list of harmless ones; procedural languages are not.
//
// # The load
//
// Package ddl cuts the file into statements. Those about something that is no structure
// (owners, privileges, roles, rows) are left out and reported: dumps name roles that no other
// server has. The rest goes to the server in batches, one statement a message.
package postgres
