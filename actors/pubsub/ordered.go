package pubsub

// ordered is a set with an order that depends on nothing but what was done to it: a simulation can be repeated.
type ordered[T comparable] struct {
	list []T
	at   map[T]int
}

// add reports whether v is new.
func (o *ordered[T]) add(v T) bool {
	if _, ok := o.at[v]; ok {
		return false
	}
	if o.at == nil {
		o.at = map[T]int{}
	}
	o.at[v] = len(o.list)
	o.list = append(o.list, v)
	return true
}

func (o *ordered[T]) has(v T) bool {
	_, ok := o.at[v]
	return ok
}

// remove reports whether v was there. The last takes its place.
func (o *ordered[T]) remove(v T) bool {
	i, ok := o.at[v]
	if !ok {
		return false
	}
	last := len(o.list) - 1
	o.list[i] = o.list[last]
	o.at[o.list[i]] = i
	var none T
	o.list[last] = none
	o.list = o.list[:last]
	delete(o.at, v)
	return true
}

func (o *ordered[T]) len() int {
	if o == nil {
		return 0
	}
	return len(o.list)
}
