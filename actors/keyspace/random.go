package keyspace

// draws derives random numbers from the seed of an entry: the n-th number of
// the same command of the same entry is the same on every replica. Reads
// outside the log count apart, since only one replica runs them.
type draws struct {
	index  uint64
	logged uint64 // commands of entry index so far
	reads  uint64 // commands outside the log so far
	cmd    uint64 // the number of the command that runs
	n      uint64 // numbers that it drew
}

// command begins a command.
func (d *draws) command(env *Env) {
	count := &d.reads
	if !env.Read {
		count = &d.logged
		if d.index != env.Index {
			d.index, d.logged = env.Index, 0
		}
	}
	*count++
	d.cmd, d.n = *count, 0
}

// random returns the next number.
func (s *State) random() uint64 {
	d := &s.draws
	d.n++
	return mix(mix(s.call.Env.Seed+mix(d.cmd)) + d.n)
}

// mix is the output function of splitmix64.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
