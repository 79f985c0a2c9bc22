// Package history is what the service's events say: their types, their bodies, and what the events of one comparison add up to. It is pure, so that the
// service and whoever audits it read them alike.
package history
