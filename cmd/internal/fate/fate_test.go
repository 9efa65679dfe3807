package fate

import "testing"

func TestOfError(t *testing.T) {
	for text, want := range map[string]Fate{
		"MOVED 12 127.0.0.1:7000":                          Refused,
		"CLUSTERDOWN Hash slot not served":                 Refused,
		"TRYAGAIN too many requests":                       Refused,
		"OOM command not allowed":                          Refused,
		"MISCONF disk is nearly full":                      Refused,
		"ERR value is not an integer or out of range":      Refused,
		"EXECABORT Transaction discarded":                  Refused,
		"WRONGTYPE":                                        Refused,
		"UNKNOWN the outcome of this write is not known":   Unknown,
		"SOMETHINGNEW happened":                            Unknown,
		"":                                                 Unknown,
		"moved 12 127.0.0.1:7000":                          Unknown,
		"MOVEDX":                                           Unknown,
		"UNKNOWN MOVED is not the code of this error line": Unknown,
	} {
		if got := OfError(text); got != want {
			t.Errorf("OfError(%q) = %v, want %v", text, got, want)
		}
	}
}

func TestZeroFateClaimsNothing(t *testing.T) {
	var f Fate
	if f != Unknown || f.String() != "unknown" {
		t.Errorf("zero fate is %v", f)
	}
}

func TestExpected(t *testing.T) {
	for code, want := range map[string]bool{"MOVED": true, "UNKNOWN": true, "ERR": false, "WRONGTYPE": false, "": false} {
		if got := Expected(code); got != want {
			t.Errorf("Expected(%q) = %v", code, got)
		}
	}
}
