package actors

import "testing"

func TestSameMachine(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"10.0.0.1:1", "10.0.0.1:2", true}, {"10.0.0.1:1", "10.0.0.2:1", false},
		{"127.0.0.1:1", "127.0.0.2:1", true}, {"127.0.0.1:1", "[::1]:1", true}, {"127.0.0.1:1", "10.0.0.1:1", false},
		{"[fd00::1]:1", "[fd00::1]:2", true}, {"", "", false}, {"nonsense", "nonsense", false}, {"10.0.0.1:1", "", false},
	} {
		if got := sameMachine(c.a, c.b); got != c.want {
			t.Errorf("%q and %q: %v", c.a, c.b, got)
		}
	}
}
