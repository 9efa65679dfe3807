package keyspace

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// The long form of the differential tests, by ranges of seeds:
//
//	go test ./actors/keyspace -run TestManyCommandsAsRedis -v -timeout 0 -diff.seeds 1-25
//
// A seed is about 50,000 commands of all families, in RESP2 and RESP3, and takes a few seconds. A difference fails
// the part of the seed that it is in, and the others go on; the end tells how many commands of each family were compared.
var diffSeeds = flag.String("diff.seeds", "", "first-last: the seeds of TestManyCommandsAsRedis, which is skipped without")

// seedRange reads a range of seeds.
func seedRange(t *testing.T, s string) (first, last uint64) {
	if _, err := fmt.Sscanf(s, "%d-%d", &first, &last); err != nil || last < first {
		t.Fatalf("seeds %q are no range", s)
	}
	return first, last
}

// tally counts the commands that were compared, by family.
type tally map[string]int

// malformed is the family of what is no command, or has not the arguments of one.
const malformed = "(malformed)"

func (y tally) add(cmds ...[]string) {
	if y == nil {
		return
	}
	for _, cmd := range cmds {
		family := malformed
		if c, err := Resolve(argsOf(cmd...)); err == nil {
			family = c.Group
		}
		y[family]++
	}
}

func (y tally) String() string {
	var b strings.Builder
	total := 0
	for _, family := range slices.Sorted(maps.Keys(y)) {
		fmt.Fprintf(&b, "%-13s %9d\n", family, y[family])
		total += y[family]
	}
	fmt.Fprintf(&b, "%-13s %9d", "all", total)
	return b.String()
}

// differParts are what a seed is compared by. Each begins with an empty server.
var differParts = []struct {
	name string
	run  func(t *testing.T, server *redis, g *gen, proto int)
}{
	{"all", func(t *testing.T, server *redis, g *gen, proto int) {
		b := newBench(t)
		differOn(t, server, b, g, proto, 75)
		compareStates(t, server, b)
	}},
	{"streams", func(t *testing.T, server *redis, g *gen, proto int) { differStreams(t, server, g, proto, 20) }},
	{"geo", func(t *testing.T, server *redis, g *gen, proto int) {
		g.only = (*gen).geoCommand
		differOn(t, server, newBench(t), g, proto, 10)
	}},
	{"sort", func(t *testing.T, server *redis, g *gen, proto int) {
		g.only = (*gen).sortCommand
		differOn(t, server, newBench(t), g, proto, 10)
	}},
	{"dumps", func(t *testing.T, server *redis, g *gen, proto int) { differDumps(t, server, g, 5) }},
	{"transactions", func(t *testing.T, server *redis, g *gen, proto int) { differTransactions(t, server, g, proto, 150) }},
	{"blocking", func(t *testing.T, server *redis, g *gen, proto int) { differBlocking(t, server, g, 500) }},
	{"damaged", func(t *testing.T, server *redis, g *gen, _ int) { differDamaged(t, server, g, 5) }},
}

func TestManyCommandsAsRedis(t *testing.T) {
	if *diffSeeds == "" {
		t.Skip("-diff.seeds names no seeds")
	}
	first, last := seedRange(t, *diffSeeds)
	compared := tally{}
	for n := first; n <= last; n++ {
		for proto := 2; proto <= 3; proto++ {
			for i, part := range differParts {
				t.Run(fmt.Sprintf("seed=%d/resp%d/%s", n, proto, part.name), func(t *testing.T) {
					server := startRedis(t)
					g := &gen{
						Rand: rand.New(rand.NewPCG(n, uint64(100*proto+i))), now: time.Now().UnixMilli(),
						is72: server.is72, tally: compared,
					}
					part.run(t, server, g, proto)
				})
			}
		}
	}
	t.Logf("compared:\n%v", compared)
}
