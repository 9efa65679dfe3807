package chaos

import (
	"context"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/troupedb/troupe/cmd/internal/script"
)

// perform lets a script of ten seconds be played, in no time, and returns what was done and what was told.
func perform(t *testing.T, text string, prepare func(*stage)) (s *stage, c *conductor, told []string) {
	t.Helper()
	sc, err := script.Parse("test", text)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		s = newStage(3)
		prepare(s)
		c = &conductor{
			target: s, script: sc, rng: rand.New(rand.NewPCG(1, 1)), faults: newFaults(time.Now(), nil),
			violations: &violations{}, failStop: true,
			event: func(text string) { told = append(told, text) },
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		c.run(ctx, t.Context())
	})
	return s, c, told
}

func unprepared(*stage) {}

func TestConductor(t *testing.T) {
	for _, c := range []struct{ name, script, want string }{
		{"kill and start", "at 5s kill leader of shard 2 for 2s", "5s kill n2, 7s start n2"},
		{"what is not undone is undone at the end", "at 5s kill n1", "5s kill n1, 10s start n1"},
		{"a step undoes another", "at 1s kill n1\nat 3s start n1", "1s kill n1, 3s start n1"},
		{"nobody starts what runs", "at 1s start n1", ""},
		{"nobody kills the dead", "at 1s kill n1 for 3s\nat 2s kill n1 for 5s", "1s kill n1, 4s start n1"},
		{"restart", "at 1s restart all", "1s kill n1, 1s kill n2, 1s kill n3, 1s start n1, 1s start n2, 1s start n3"},
		{"stop", "at 1s stop n3 for 1s", "1s stop n3, 2s start n3"},
		{"pause", "at 1s pause n1 n2 for 1s", "1s pause n1, 1s pause n2, 2s resume n1, 2s resume n2"},
		{"the dead do not wake up", "at 1s pause n1 for 5s\nat 2s kill n1 for 1s", "1s pause n1, 2s kill n1, 3s start n1"},
		{"again and again", "every 3s from 1s until 5s kill n1 for 1s", "1s kill n1, 2s start n1, 4s kill n1, 5s start n1"},
		{"cuts", "at 1s cut n1 | n2 n3 for 4s\nat 2s cut n2 > n3 for 1s",
			"1s cut [1>2 1>3 2>1 3>1], 2s cut [1>2 1>3 2>1 2>3 3>1], 3s cut [1>2 1>3 2>1 3>1], 5s cut []"},
		{"heal", "at 1s isolate n3\nat 2s heal", "1s cut [1>3 2>3 3>1 3>2], 2s cut []"},
		{"rest", "at 1s cut rest > leader of shard 1 for 1s", "1s cut [2>1 3>1], 2s cut []"},
		{"flap", "at 1s flap n1 | n2 every 500ms for 1200ms", "1s cut [1>2 2>1], 1.5s cut [], 2s cut [1>2 2>1], 2.2s cut []"},
		{"disks", "at 1s slow disk of n1 by 1s for 1s\nat 3s fill disk of n2 to 1KiB\nat 4s free disk of all\nat 5s slow disk of n3\nat 6s mend disk of n3",
			"1s slow n1 1s, 2s slow n1 0s, 3s fill n2 1024, 4s free n2, 5s slow n3 300ms, 6s slow n3 0s"},
		{"wipe", "at 1s wipe disk of n2\nat 3s wipe disk of n3 for 2s", "1s kill n2, 1s replace n2, 3s kill n3, 5s replace n3"},
		{"names", "at 1s call leader of shard 2 old\nat 2s kill old follower 1 of shard 2 for 1s", "2s kill n1, 2s kill n2, 3s start n1, 3s start n2"},
		{"add", "at 1s add node", "1s add"},
		{"nobody there", "at 1s kill n9\nat 2s kill leader of shard 7\nat 3s kill follower 3 of shard 1\nat 4s pause n1 for 1s", "4s pause n1, 5s resume n1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _, told := perform(t, c.script, unprepared)
			if got := strings.Join(s.lines(), ", "); got != c.want {
				t.Errorf("\n%s\ngot  %s\nwant %s\ntold %q", c.script, got, c.want, told)
			}
		})
	}
}

func TestConductorWaitsForHealth(t *testing.T) {
	sick := func(s *stage) { s.sick = 40 } // for two seconds
	s, _, told := perform(t, "every 1s until 4s when healthy pause n1 for 100ms", sick)
	want := []string{"3s pause n1", "3.1s resume n1", "4s pause n1", "4.1s resume n1"}
	if got := s.lines(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q", got)
	}
	if !slices.Contains(told, "not healthy yet: sick") {
		t.Errorf("told %q", told)
	}
}

// TestOneLossAtATime: the second disk is not lost before the cluster is healthy again after the first.
func TestOneLossAtATime(t *testing.T) {
	s, _, _ := perform(t, "at 1s wipe disk of n1\nat 1s wipe disk of n2\nat 1s pause n3 for 1s", func(s *stage) { s.sick = 20 })
	want := []string{"1s pause n3", "2s kill n1", "2s kill n2", "2s replace n1", "2s replace n2", "2s resume n3"}
	if got := s.lines(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestWhatTheConductorTells(t *testing.T) {
	_, c, told := perform(t, `at 1s call leader of shard 1 old
at 2s kill old for 1s
at 4s show shard 2
at 5s isolate n2 for 1s
at 7s kill n9`, unprepared)
	want := []string{
		"call n1 old", "kill n1, which leads shard 1", "over: kill n1, which leads shard 1", "shard 2: a look at shard 2",
		"cut n2 | n1 n3", "over: cut n2 | n1 n3", "line 5: kill n9: n9: there is no such node now",
	}
	if !reflect.DeepEqual(told, want) {
		t.Errorf("told %q", told)
	}
	all, _ := c.faults.finish(time.Now())
	if len(all) != 2 || all[0].Kind != "kill -9 a leader" || all[0].At != 2*time.Second || all[0].End != 3*time.Second ||
		all[1].Kind != "one node cut off" || all[1].End != 6*time.Second {
		t.Errorf("%+v", all)
	}
}

func TestKindsOfFaults(t *testing.T) {
	for text, want := range map[string]string{
		"kill n1": "kill -9 a leader", "kill n3": "kill -9 a follower", "kill n1 n2 n3": "kill -9 all", "restart all": "kill -9 all",
		"stop n2": "SIGTERM to a leader", "pause n3": "pause of a follower", "isolate n1": "one node cut off",
		"cut n1 | n2 n3": "one node cut off", "cut n1 | n2": "bridge", "cut n1 > n2": "one-way cut",
		"flap n1 | rest every 1s": "flapping cut", "slow disk of n1": "slow disk of a leader", "fill disk of all": "nearly full disk of all",
		"break disk of n3": "failing disk of a follower", "wipe disk of n1": "lost disk of a leader", "add node": "node added",
	} {
		_, c, _ := perform(t, "at 1s "+text, unprepared)
		if all, _ := c.faults.finish(time.Now()); len(all) != 1 || all[0].Kind != want {
			t.Errorf("%s: %+v", text, all)
		}
	}
}

// TestABrokenDiskEndsItsNode: only that, only while the disk is broken, and not to end is a violation.
func TestABrokenDiskEndsItsNode(t *testing.T) {
	for failed, want := range map[int]int{0: 0, 3: 1} {
		s, c, _ := perform(t, "at 2s break disk of n1 for 2s", func(s *stage) { s.disks[0] = &prop{s, 0, failed} })
		if count, _ := c.violations.all(); count[Survived] != want {
			t.Errorf("%d failed syncs: %v", failed, count)
		}
		at := func(seconds int) time.Time { return s.began.Add(time.Duration(seconds) * time.Second) }
		for crash, want := range map[Crash]bool{
			{0, at(1), ""}: true, {0, at(3), ""}: false, {1, at(3), ""}: true, {0, at(9), ""}: true,
		} {
			if got := c.unexpected(crash); got != want {
				t.Errorf("unexpected %v: %+v", got, crash)
			}
		}
	}
	dead := func(s *stage) { s.disks[0] = &prop{s, 0, 3}; s.gone[0] = true }
	s, c, _ := perform(t, "at 2s break disk of n1 for 2s", dead)
	if count, _ := c.violations.all(); len(count) != 0 || !slices.Contains(s.lines(), "4s start n1") {
		t.Errorf("%v, %q", count, s.lines())
	}
}

// TestTheSameSeedChoosesTheSame plays random choices twice.
func TestTheSameSeedChoosesTheSame(t *testing.T) {
	text := "every 1s pause a random node for 100ms..900ms\nevery 1s from 1500ms cut a random minority | rest for 100ms"
	first, _, _ := perform(t, text, unprepared)
	second, _, _ := perform(t, text, unprepared)
	if len(first.lines()) < 20 || !reflect.DeepEqual(first.lines(), second.lines()) {
		t.Errorf("got %q and %q", first.lines(), second.lines())
	}
}

func TestShippedScriptsArePlayed(t *testing.T) {
	for _, sc := range script.Shipped() {
		s, c, told := perform(t, sc.String(), func(s *stage) { s.nodes = max(sc.Nodes, 3) })
		all, _ := c.faults.finish(time.Now())
		if len(all) == 0 || len(s.lines()) < 2 {
			t.Errorf("%s: %q, %q", sc.Name, s.lines(), told)
		}
		for _, text := range told {
			if strings.HasPrefix(text, "line ") {
				t.Errorf("%s: %s", sc.Name, text)
			}
		}
	}
}
