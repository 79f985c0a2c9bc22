package report

// MaxBytes is the most that programs read of a report's JSON. The report of a
// template of 20,000 facts has about 4 MB.
const MaxBytes = 64 << 20

// Hard limits of the forms for people; JSON holds everything.
const (
	// maxHTMLFacts bounds the judged facts that an HTML report lists one by
	// one. Beyond it the page says where the whole list is.
	maxHTMLFacts = 10000

	// maxHTMLFindings bounds the findings that an HTML report describes.
	maxHTMLFindings = 2000

	// worstPlaces is how many tables the first page names.
	worstPlaces = 6

	// maxUnder bounds the facts listed under one finding of an HTML report.
	maxUnder = 200

	// maxDetailRunes bounds one detail in a form for people, in code points.
	maxDetailRunes = 600

	// maxSQLBytes bounds a statement that a finding proposes.
	maxSQLBytes = 2000

	// textFindings is how many findings the text shows by default.
	textFindings = 12

	// minWidth and defaultWidth are columns of a terminal.
	minWidth     = 40
	defaultWidth = 100
	maxWidth     = 160
)
