// Package bench drives one plugin once, as a host does, and tells what it took.
//
// Everything that comes is checked, byte for byte: no plugin can be fast by doing
// less. Which plugin it is, and what its figures are held against, is the
// caller's affair.
package bench
