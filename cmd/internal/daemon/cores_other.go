//go:build !linux

package daemon

import "runtime"

func onlineCPUs() int { return runtime.NumCPU() }
