// Package synthetic is what the baseline plugin does, without gRPC: a source of
// made-up files, the rules of a sink, and a store in memory or in a directory.
// Both generations of the plugin serve it, and a host checks bytes with it.
package synthetic
