package bench

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"
)

// tick is the unit of CPU time in /proc, on every Linux.
const tick = time.Second / 100

// unknown is CPU time on a system that does not tell it.
const unknown = time.Duration(-1)

// usedBy is the CPU time that processes have taken so far.
func usedBy(pids []int) (sum time.Duration, err error) {
	for _, pid := range pids {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return unknown, err
		}
		used, err := parseStat(text)
		if err != nil {
			return unknown, err
		}
		sum += used
	}
	return sum, nil
}

// parseStat reads user and system time off /proc/PID/stat: the 14th and 15th field, the second of which is
// the program's name in parentheses and may hold anything.
func parseStat(text []byte) (time.Duration, error) {
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 13 {
		return 0, errors.New("/proc/PID/stat is not as expected")
	}
	user, err1 := strconv.ParseInt(string(fields[11]), 10, 64)
	system, err2 := strconv.ParseInt(string(fields[12]), 10, 64)
	return time.Duration(user+system) * tick, errors.Join(err1, err2)
}

// resident is the memory that processes have in RAM, in bytes; 0 where the system does not tell.
func resident(pids []int) (sum int64) {
	for _, pid := range pids {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
		fields := bytes.Fields(text)
		if err != nil || len(fields) < 2 {
			return 0
		}
		pages, err := strconv.ParseInt(string(fields[1]), 10, 64)
		if err != nil {
			return 0
		}
		sum += pages * int64(os.Getpagesize())
	}
	return sum
}
