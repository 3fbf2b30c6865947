// Package synthetic implements the baseline plugin without gRPC: a source of
// synthetic files, the rules of a sink, and a store in memory or in a directory.
// Both generations of the plugin serve it, and hosts check content with it.
package synthetic
