// Package bench drives one plugin once, as a host does, and measures it.
//
// It checks every byte that arrives: no plugin can be fast by doing less. The
// caller chooses the plugin and compares its figures.
package bench
