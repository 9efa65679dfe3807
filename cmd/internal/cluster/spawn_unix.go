//go:build unix && !linux

package cluster

import "syscall"

// There is no signal at the parent's death here; Close and the Ctrl-C handler have to do.
func childAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func hideMounts() error { return nil }
