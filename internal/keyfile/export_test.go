package keyfile

// AskOn is Terminal.Ask on a terminal of the test's.
var AskOn = ask
