package memento

// Hard limits of the package.
const (
	// maxRunBytes is the largest run.json. A plan of 10,000 steps with their undo statements has some 10 MB.
	maxRunBytes = 64 << 20

	// maxLineBytes is the longest first or last line of a backup. A table of 1,600 columns needs 200 kB.
	maxLineBytes = 1 << 20

	// maxNameBytes is the longest name of a file in a run's folder.
	maxNameBytes = 128

	// maxDiffLine is the longest line in a difference, in bytes; function bodies are cut there.
	maxDiffLine = 400

	// fileMode is the mode of files, dirMode that of folders made for them: they hold the tenant's names and rows.
	fileMode, dirMode = 0o600, 0o700
)
