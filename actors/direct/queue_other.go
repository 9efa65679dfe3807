//go:build !linux

package direct

import "errors"

// Queue does not exist here.
type Queue struct{}

// NewQueue fails.
func NewQueue() (*Queue, error) { return nil, errors.ErrUnsupported }

// Close does nothing.
func (*Queue) Close() error { return nil }
