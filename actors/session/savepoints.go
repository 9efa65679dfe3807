package session

import (
	"strconv"
	"strings"
)

// savePoint has the data saved when so many changes, at least, are older than so many seconds.
type savePoint struct {
	seconds int64
	changes uint64
}

// savePoints are those of the parameter "save". What is saved is so without them, see persistence.go: they are when
// that is noted, for those who watch LASTSAVE and rdb_changes_since_last_save.
type savePoints []savePoint

const errSavePoints = "Invalid save parameters"

// parseSavePoints reads pairs of seconds and changes.
func parseSavePoints(v string) (list savePoints, line string) {
	words := strings.Fields(v)
	if len(words)%2 != 0 {
		return nil, errSavePoints
	}
	for ; len(words) > 0; words = words[2:] {
		seconds, err := strconv.ParseInt(words[0], 10, 32)
		changes, err2 := strconv.ParseInt(words[1], 10, 32)
		if err != nil || err2 != nil || seconds < 1 || changes < 0 {
			return nil, errSavePoints
		}
		list = append(list, savePoint{seconds, uint64(changes)})
	}
	return list, ""
}

func (l savePoints) text() string {
	var words []string
	for _, p := range l {
		words = append(words, strconv.FormatInt(p.seconds, 10), strconv.FormatUint(p.changes, 10))
	}
	return strings.Join(words, " ")
}

// due tells whether one of the points is reached.
func (l savePoints) due(seconds int64, changes uint64) bool {
	for _, p := range l {
		if changes >= p.changes && seconds > p.seconds {
			return true
		}
	}
	return false
}

var saveParameter = parameter{
	get: func(s *Server) string { return s.settings.savePoints.Load().text() },
	check: func(v string) string {
		_, line := parseSavePoints(v)
		return line
	},
	set: func(s *Server, v string) {
		list, _ := parseSavePoints(v)
		s.settings.savePoints.Store(&list)
	},
}
