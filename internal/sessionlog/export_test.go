package sessionlog

// RecordSize is the length of a record in bytes.
const RecordSize = recordSize
