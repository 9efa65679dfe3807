//go:build !linux

package netcut

import "errors"

func newPackets(int) (Network, error) { return nil, errors.New("packets can be dropped on Linux only") }
