package script

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestShippedScripts(t *testing.T) {
	verbs := map[Verb]bool{}
	for _, s := range Shipped() {
		if s.About == "" || s.Length == 0 {
			t.Errorf("%s does not say what it is about, or how long it takes", s.Name)
		}
		for _, step := range s.Steps {
			verbs[step.Verb] = true
			if step.At >= s.Length {
				t.Errorf("%s, line %d: never comes to pass", s.Name, step.Line)
			}
		}
		if got, err := Load(s.Name); err != nil || !reflect.DeepEqual(got, s) {
			t.Errorf("%s: %v", s.Name, err)
		}
	}
	for _, v := range []Verb{Kill, Restart, Stop, Pause, Cut, OneWay, Isolate, Flap, SlowDisk, FillDisk, BreakDisk, WipeDisk, AddNode} {
		if !verbs[v] {
			t.Errorf("no script is shipped that does %q", v)
		}
	}
}

func TestLoadAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mine.chaos")
	if err := os.WriteFile(file, []byte("at 1s heal\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if s, err := Load(file); err != nil || s.Name != "mine" {
		t.Errorf("%+v, %v", s, err)
	}
	if err := os.WriteFile(file, []byte("at 1s hail\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(file); err == nil || !strings.Contains(err.Error(), file+": line 1, column 7") {
		t.Error(err)
	}
	if _, err := Load("no-such-script"); err == nil || !strings.Contains(err.Error(), "no-such-script") {
		t.Error(err)
	}
}

func TestNeeds(t *testing.T) {
	for text, want := range map[string]Can{
		"at 1s kill n1":                            {},
		"at 1s wipe disk of n1":                    {},
		"at 1s isolate n1":                         {Network: true},
		"at 1s break disk of n1":                   {Disks: true},
		"at 1s cut n1 > n2\nat 2s slow disk of n1": {true, true},
	} {
		if network, disks := parse(t, text).Needs(); (Can{network, disks}) != want {
			t.Errorf("%q needs %v %v", text, network, disks)
		}
	}
}

func TestRandomScripts(t *testing.T) {
	seen := map[Verb]bool{}
	for seed := range uint64(300) {
		s := Random(seed, 15*time.Second, 3+int(seed%3), Can{true, true})
		if again := Random(seed, 15*time.Second, 3+int(seed%3), Can{true, true}); s.String() != again.String() {
			t.Fatalf("seed %d gives two scripts", seed)
		}
		if len(s.Steps) < 2 || parse(t, s.String()).String() != s.String() {
			t.Fatalf("seed %d:\n%s", seed, s)
		}
		for _, step := range s.Steps {
			seen[step.Verb] = true
			if step.At+quiet > s.Length {
				t.Errorf("seed %d: no quiet after %s", seed, step)
			}
			if (step.Verb == WipeDisk || step.Verb == BreakDisk) && !step.Healthy {
				t.Errorf("seed %d: %s", seed, step)
			}
		}
		if network, disks := Random(seed, 15*time.Second, 3, Can{}).Needs(); network || disks {
			t.Errorf("seed %d asks for what there is not", seed)
		}
	}
	if len(seen) != 13 {
		t.Errorf("drawn were %v", seen)
	}
}
