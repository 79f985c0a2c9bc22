// Package schema is the vocabulary everybody shares: what a database's structure is made of, and the
// canonical facts into which it falls apart.
//
// # Model
//
// A [Database] is plain data that introspection fills. [Database.Facts] turns it into [Facts], a sorted set of [Fact], under a
// [Mapping] of names, and says in [Coverage] what it saw and did not judge. Two databases that mean the same
// structure give the same facts: by whichever way they came, after dump and reload, on PostgreSQL 15 to 18.
// The spelling of every kind of fact, byte by byte, stands in docs/facts.md.
package schema
