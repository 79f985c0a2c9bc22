package plan

// Refusals are what the validators that every plan passes say of one.
func Refusals(p *Plan) []Refusal {
	var all []Refusal
	for _, v := range validators {
		all = append(all, v(p)...)
	}
	return all
}
