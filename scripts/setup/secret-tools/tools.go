//go:build tools

// Package tools pins sops and age and everything they are built from (go.mod, go.sum).
package tools

import (
	_ "filippo.io/age/cmd/age"
	_ "filippo.io/age/cmd/age-keygen"
	_ "github.com/getsops/sops/v3/cmd/sops"
)
