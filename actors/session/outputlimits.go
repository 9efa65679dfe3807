package session

import (
	"fmt"
	"strconv"
	"strings"
)

// outputClass is a class of clients in client-output-buffer-limit.
type outputClass int

const (
	classNormal outputClass = iota
	classReplica
	classPubSub
	classes
)

var classNames = [classes]string{"normal", "slave", "pubsub"}

// outputLimits are the limits of each class.
type outputLimits [classes]outputLimit

var defaultLimits = outputLimits{
	classReplica: {hard: 256 << 20, soft: 64 << 20, seconds: 60},
	classPubSub:  {hard: 32 << 20, soft: 8 << 20, seconds: 60},
}

func (l *outputLimits) text() string {
	var parts [classes]string
	for i, c := range l {
		parts[i] = fmt.Sprintf("%s %d %d %d", classNames[i], c.hard, c.soft, c.seconds)
	}
	return strings.Join(parts[:], " ")
}

// parseOutputLimits reads fours of class, hard limit, soft limit and seconds; classes not named stay as they are.
func parseOutputLimits(text string, old outputLimits) (outputLimits, string) {
	fields := strings.Fields(text)
	if len(fields)%4 != 0 {
		return old, "Wrong number of arguments in buffer limit configuration."
	}
	for ; len(fields) > 0; fields = fields[4:] {
		class := classOf(fields[0])
		if class == classes {
			return old, "Invalid client class specified in buffer limit configuration."
		}
		hard, ok1 := parseBytes(fields[1])
		soft, ok2 := parseBytes(fields[2])
		seconds, err := strconv.ParseInt(fields[3], 10, 32)
		if !ok1 || !ok2 || err != nil || seconds < 0 {
			return old, "Error in hard, soft or soft_seconds setting in buffer limit configuration."
		}
		old[class] = outputLimit{hard, soft, seconds}
	}
	return old, ""
}

func classOf(name string) outputClass {
	for i, n := range classNames {
		if strings.EqualFold(name, n) {
			return outputClass(i)
		}
	}
	if strings.EqualFold(name, "replica") {
		return classReplica
	}
	return classes
}

// byteUnits are the units of sizes in settings.
var byteUnits = []struct {
	name string
	size int64
}{{"kb", 1 << 10}, {"mb", 1 << 20}, {"gb", 1 << 30}, {"k", 1000}, {"m", 1000_000}, {"g", 1000_000_000}, {"b", 1}}

// parseBytes reads a size such as 100, 64kb or 1g.
func parseBytes(text string) (int64, bool) {
	unit, lower := int64(1), strings.ToLower(text)
	for _, u := range byteUnits {
		if digits, ok := strings.CutSuffix(lower, u.name); ok {
			unit, lower = u.size, digits
			break
		}
	}
	n, err := strconv.ParseInt(lower, 10, 64)
	if err != nil || n < 0 || n > (1<<62)/unit {
		return 0, false
	}
	return n * unit, true
}
