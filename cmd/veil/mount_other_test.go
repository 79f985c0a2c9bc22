//go:build !linux

package main

import "github.com/rogpeppe/go-internal/testscript"

func canMount() bool { return false }

func mount(ts *testscript.TestScript, _ bool, _ []string) { ts.Fatalf("nothing is mounted here") }
