package session

import (
	"fmt"
	"syscall"
	"time"
)

func infoCPU(_ *session, w *infoWriter) {
	var use syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &use) != nil {
		return
	}
	seconds := func(t syscall.Timeval) float64 { return time.Duration(t.Nano()).Seconds() }
	fmt.Fprintf(w, "used_cpu_sys:%.6f\r\nused_cpu_user:%.6f\r\n", seconds(use.Stime), seconds(use.Utime))
}
