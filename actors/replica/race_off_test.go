//go:build !race

package replica

// seedsPerRun is how many seeds an ordinary run simulates.
const seedsPerRun = 300
