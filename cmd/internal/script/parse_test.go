package script

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

func parse(t testing.TB, text string) *Script {
	t.Helper()
	s, err := Parse("test", text)
	if err != nil {
		t.Fatalf("%s\n%v", text, err)
	}
	return s
}

func TestParse(t *testing.T) {
	s := parse(t, `# About
# two lines.
nodes 5
length 1m   # a comment

at 5s kill the leader of shard 3 n2 for 2s
every 4s from 500ms until 1m when healthy pause a random leader for 500ms..2s
at 1.5s cut n1 rest>n3
`)
	want := &Script{
		Name: "test", About: "About\ntwo lines.\n", Settings: Settings{Nodes: 5, Length: time.Minute},
		Steps: []Step{
			{Line: 6, At: 5 * time.Second, For: Span{2 * time.Second, 2 * time.Second},
				Action: Action{Verb: Kill, Groups: [][]Node{{{Kind: Leader, Shard: 3}, {N: 2}}}}},
			{Line: 7, At: 500 * time.Millisecond, Every: 4 * time.Second, Until: time.Minute, Healthy: true,
				For:    Span{500 * time.Millisecond, 2 * time.Second},
				Action: Action{Verb: Pause, Groups: [][]Node{{{Kind: RandomLeader}}}}},
			{Line: 8, At: 1500 * time.Millisecond,
				Action: Action{Verb: OneWay, Groups: [][]Node{{{N: 1}, {Kind: Rest}}, {{N: 3}}}}},
		},
	}
	if !reflect.DeepEqual(s, want) {
		t.Errorf("got  %+v\nwant %+v", s, want)
	}
}

// TestEveryStepIsWrittenAsItIsRead reads each form, and compares with how the step is written back.
func TestEveryStepIsWrittenAsItIsRead(t *testing.T) {
	for in, want := range map[string]string{
		"at 5s kill n1 n2":                                "",
		"at 5s start all":                                 "",
		"at 5s restart all for 1s":                        "",
		"at 5s stop random node for 1s..1500ms":           "",
		"at 0s resume rest":                               "",
		"at 5s isolate follower 2 of shard 4 for 1s":      "",
		"at 5s isolate the follower of shard 4":           "at 5s isolate follower 1 of shard 4",
		"at 5s cut n1|n2 n3 | a random minority":          "at 5s cut n1 | n2 n3 | random minority",
		"at 5s cut n1 > rest":                             "",
		"at 5s flap n1 | rest every 200ms for 3s":         "",
		"at 5s heal":                                      "",
		"at 5s slow disk of n1":                           "at 5s slow disk of n1 by 300ms",
		"at 5s slow disk of n1 by 1.5s for 2s":            "at 5s slow disk of n1 by 1500ms for 2s",
		"at 5s fill disk of all to 2KiB":                  "at 5s fill disk of all to 2048B",
		"at 5s break disk of random follower for 1s":      "",
		"at 5s free disk of n1":                           "",
		"at 5s mend disk of n1":                           "",
		"every 5s wipe disk of n1":                        "every 5s from 5s wipe disk of n1",
		"every 5s from 1s until 9s when healthy add node": "",
		"at 5s show shard 7":                              "",
	} {
		if want == "" {
			want = in
		}
		if got := parse(t, in).Steps[0].String(); got != want {
			t.Errorf("%s\nis written %s", in, got)
		}
	}
	s := parse(t, "at 1s call leader of shard 1 old\nat 2s kill old n2")
	if got := s.Steps[0].String() + "; " + s.Steps[1].String(); got != "at 1s call leader of shard 1 old; at 2s kill old n2" {
		t.Error(got)
	}
}

func TestErrorsSayWhereAndWhatWasExpected(t *testing.T) {
	for in, want := range map[string]string{
		"at":                                "line 1, column 3: expected a time such as 300ms, 5s or 1.5m, the line ends",
		"\n\nat soon kill n1":               `line 3, column 4: expected a time such as 300ms, 5s or 1.5m, found "soon"`,
		"at 25h kill n1":                    "line 1, column 4: expected a time",
		"at -1s kill n1":                    "line 1, column 4: expected a time",
		"at 5s":                             "line 1, column 6: expected what to do: kill, start,",
		"at 5s murder n1":                   `found "murder"`,
		"at 5s kill":                        "line 1, column 11: expected a node: n2, leader of shard 3,",
		"at 5s kill leeder of shard 1":      `line 1, column 12: expected a node: n2, leader of shard 3, follower 1 of shard 3, random node, random leader, random follower, random minority, all, rest, or a name that was given by call, found "leeder"`,
		"at 5s kill n0":                     `line 1, column 12: expected a node`,
		"at 5s kill n01":                    `line 1, column 12: expected a node`,
		"at 5s kill leader shard 1":         `line 1, column 19: expected "of", found "shard"`,
		"at 5s kill leader of shard x":      "line 1, column 28: expected a number from 1 to 1024",
		"at 5s kill random hero":            "column 19: expected node, leader, follower or minority",
		"at 5s kill n1 and n2":              `column 15: expected the end of the line, found "and"`,
		"at 5s kill n1 for":                 "column 18: expected a time such as 2s, or two",
		"at 5s kill n1 for 2s..1s":          "column 19: expected a time such as 2s, or two",
		"at 5s kill n1 for 0s":              "column 19: expected a time such as 2s, or two",
		"at 5s kill n1 for 2s 3s":           "column 22: expected the end of the line",
		"at 5s heal for 2s":                 `column 12: expected the end of the line, since "heal" cannot be undone`,
		"at 5s cut n1":                      `column 13: expected "|" or ">" and more nodes`,
		"at 5s cut n1 |":                    "column 15: expected a node",
		"at 5s cut n1 > n2 > n3":            `column 19: expected the end of the line, found ">"`,
		"at 5s cut n1 | n2 > n3":            `column 19: expected the end of the line, found ">"`,
		"at 5s flap n1 > n2 every 1s":       `column 15: expected "|" and more nodes`,
		"at 5s flap n1 | n2":                `column 19: expected "every"`,
		"at 5s flap n1 | n2 every 1ms":      "column 26: expected a time of 10ms or more",
		"at 5s slow n1":                     `column 12: expected "disk"`,
		"at 5s slow disk of n1 by much":     "column 26: expected a time",
		"at 5s fill disk of n1 to brim":     "column 26: expected a size such as 64MiB",
		"at 5s fill disk of n1 to 99999GiB": "column 26: expected a size",
		"at 5s add":                         `column 10: expected "node"`,
		"at 5s call n1":                     "column 14: expected a name for it",
		"at 5s call n1 leader":              "column 15: expected a name for it",
		"at 5s call n1 n9":                  "column 15: expected a name for it",
		"at 5s call all x":                  "column 16: expected one node before the name",
		"at 5s show":                        `column 11: expected "shard"`,
		"at 5s when sick kill n1":           `column 12: expected "healthy"`,
		"every 1ms kill n1":                 "column 7: expected a time of 10ms or more",
		"every 5s until 4s kill n1":         "column 16: expected a time not before 5s",
		"nodes many":                        "column 7: expected a number from 1 to 32",
		"target etcd":                       "column 8: expected troupe or redis-cluster",
		"color blue":                        `column 1: expected a step ("at" or "every") or a setting (nodes, shards, clients, length, target or wait), found "color"`,
		"über 5s":                           "column 1:",
		"at 5s kill ü n1":                   `column 12: expected a node`,
		"# only words":                      "the script has no step",
		"":                                  "the script has no step",
	} {
		s, err := Parse("test", in)
		if err == nil {
			t.Errorf("%q is read as %s", in, s)
		} else if !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v\nwant: %s", in, err, want)
		}
	}
}

func TestColumnsCountCharacters(t *testing.T) {
	var e *Error
	if _, err := Parse("test", "at 5s call n1 höchst"); !errors.As(err, &e) || e.Line != 1 || e.Column != 15 || e.Found != "höchst" {
		t.Errorf("%+v", e)
	}
}

func TestTooLong(t *testing.T) {
	if _, err := Parse("test", strings.Repeat("x", maxText+1)); err == nil {
		t.Error("no end of text")
	}
	if _, err := Parse("test", strings.Repeat("at 5s heal\n", maxSteps+1)); err == nil {
		t.Error("no end of steps")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range Shipped() {
		f.Add(s.String())
	}
	f.Add("at 1s call n1 x\nat 2s flap x rest | random minority every 1s for 1s..2s # c")
	f.Add("every 1m from 0s until 2m fill disk of follower 3 of shard 9 to 3GiB")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse("fuzz", text)
		if err != nil {
			return
		}
		again, err := Parse("fuzz", s.String())
		if err != nil {
			t.Fatalf("%q is written\n%s\nwhich cannot be read: %v", text, s, err)
		}
		for i := range s.Steps {
			s.Steps[i].Line, again.Steps[i].Line = 0, 0
		}
		if s.About = again.About; !reflect.DeepEqual(s, again) {
			t.Fatalf("%q is written\n%s\nwhich is read as\n%s", text, s, again)
		}
	})
}
