//go:build tools

// Package tools pins the Node.js language host and everything it is built from (go.mod, go.sum).
package tools

import _ "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs"
