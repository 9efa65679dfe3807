//go:build !linux

package direct

import (
	"errors"
	"sync/atomic"
)

// Queue does not exist here.
type Queue struct{}

// NewQueue fails.
func NewQueue(*atomic.Uint64) (*Queue, error) { return nil, errors.ErrUnsupported }

// Close does nothing.
func (*Queue) Close() error { return nil }
