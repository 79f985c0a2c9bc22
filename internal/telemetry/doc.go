// Package telemetry lets operators see inside the service: metrics for Prometheus and traces for OpenTelemetry.
//
// # What is shown
//
// Routes by their pattern, actions, states, sizes, times and ids of requests and comparisons. No name of a table or column, no token, no key, no
// message: labels are from fixed lists, and a trace of a query has its text, which is the program's own, and never its parameters.
//
// # What can go wrong
//
// A scrape asks the database for some gauges. Where it does not answer within a second they are missing from that scrape, and veil_database_up is 0.
// Traces that the collector does not take are dropped; nothing waits for them.
package telemetry
