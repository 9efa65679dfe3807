// Package cli reads the command lines of the programs alike: the same help, and each flag from the environment too.
package cli
