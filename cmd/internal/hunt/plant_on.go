//go:build plant

package hunt

import (
	"fmt"

	"github.com/troupedb/troupe/actors/plant"
)

func plantBug(name string) error {
	if !plant.Set(plant.Bug(name)) {
		return fmt.Errorf("--bug %s: there are %v", name, plant.All)
	}
	return nil
}
