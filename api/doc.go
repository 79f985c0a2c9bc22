// Package api is the service's REST interface: package service over HTTP.
//
// # Model
//
//	request ─▶ request id, panics, headers ─▶ chi ─▶ huma ─▶ access table ─▶ service.Do, service.Ask ─▶ JSON or octets
//	                                                                 └──────▶ problem document (RFC 9457)
//
// An operation is a method and a path. Who may call it stands in one table, [Access], and how an error becomes a problem document in
// another one, [Problems]. An operation that the first table does not have is refused.
//
// Messages of the protocol travel as octet streams, as package compare makes them. A submission comes in parts and goes on where it broke
// off; see docs/api.md.
package api
