package store

// RoleErr is what Open says about an application role with these properties.
func RoleErr(superuser, bypasses bool, owns string) error {
	return role{name: "app", superuser: superuser, bypasses: bypasses, owns: owns}.err()
}
