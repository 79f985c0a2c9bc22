package schema

import "errors"

// Facts returns the facts of the database under the mapping, and what it saw.
func (d *Database) Facts(m Mapping) (Facts, Coverage, error) {
	return nil, Coverage{}, errors.ErrUnsupported
}

// Validate says whether everything that the mapping names is in the database.
func (m Mapping) Validate(d *Database) error { return errors.ErrUnsupported }

// ParseMapping reads a mapping file.
func ParseMapping(yaml []byte) (Mapping, error) { return Mapping{}, errors.ErrUnsupported }
