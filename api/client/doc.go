// Package client is the Go client of the service's REST interface; the command line is built on it.
//
// # Model
//
//	Client ─▶ attempt ─▶ HTTP        one request, whose silence is bounded
//	   └───── again, where that is safe and helps: network, 429, 503
//
// Every method is one operation of docs/api.md and returns what it answers, or an *[Error] where the service answers with a problem. Whatever
// else goes wrong is a *[Unreachable]. Repeating is safe with every method but [Client.Bootstrap], because messages are sent once by
// their bytes and POSTs once by their key; so a caller that got no answer calls again with the same arguments.
//
// # What it does not trust
//
// A server may send anything: answers are bounded before they are read, redirects are refused because a token must not
// follow them, and plain HTTP is refused but for the machine itself. What the answers mean is verified by package compare.
package client
