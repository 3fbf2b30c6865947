// Package pipes starts plugins and connects to them as Plakar does.
package pipes
