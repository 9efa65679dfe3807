// Package layers checks the house's rule that imports point downward only.
package layers

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/troupedb/troupe/"

type pkg struct {
	ImportPath string
	Imports    []string
}

func packages(t *testing.T) (out []pkg) {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", module+"...")
	stdout, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	dec := json.NewDecoder(strings.NewReader(string(stdout)))
	for {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return out
		} else if err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
}

// level is how high a package stands in the house; it may import what stands lower, or on its own level
// where that is no circle.
func level(path string) int {
	rooms := []string{"wire/pack", "slotmap", "wire", "gossip", "actors/", "actors", "cmd"}
	rel := strings.TrimPrefix(path, module)
	for i, room := range rooms {
		if rel == room || strings.HasPrefix(rel, strings.TrimSuffix(room, "/")+"/") && (strings.HasSuffix(room, "/") || room == "cmd" || room == "wire") {
			return i
		}
	}
	return -1
}

func TestImportsPointDownward(t *testing.T) {
	for _, p := range packages(t) {
		from := level(p.ImportPath)
		if from < 0 {
			t.Errorf("%s stands in no room of the house", p.ImportPath)
		}
		for _, imp := range p.Imports {
			if strings.HasPrefix(imp, module) && level(imp) > from {
				t.Errorf("%s imports %s, which stands above it", p.ImportPath, imp)
			}
		}
	}
}

// Pure packages are tables of tests: no actor, no socket, no clock.
func TestPurePackages(t *testing.T) {
	pure := []string{"slotmap", "wire", "wire/pack", "wire/resp", "wire/rest", "actors/keyspace", "actors/placement", "actors/clock"}
	forbidden := []string{"net", "time", "os", "math/rand", "math/rand/v2", "crypto/rand", "github.com/asynkron/protoactor-go/actor"}
	seen := 0
	for _, p := range packages(t) {
		for _, name := range pure {
			if p.ImportPath != module+name {
				continue
			}
			seen++
			for _, imp := range p.Imports {
				for _, bad := range forbidden {
					if imp == bad {
						t.Errorf("%s is pure, and imports %s", p.ImportPath, imp)
					}
				}
			}
		}
	}
	if seen != len(pure) {
		t.Errorf("%d of %d pure packages found", seen, len(pure))
	}
}
