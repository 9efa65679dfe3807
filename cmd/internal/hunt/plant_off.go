//go:build !plant

package hunt

import "errors"

func plantBug(name string) error {
	if name != "" {
		return errors.New("--bug: this program was built without -tags plant")
	}
	return nil
}
