package session

import "strings"

// lolwut draws the slots of the cluster, a letter for 256 of them: each shard has its own.
func lolwut(s *session, _ [][]byte) {
	const across, each = 16, 256
	var b strings.Builder
	for row := range 64 / across {
		for col := range across {
			id, _ := s.routes.Map.Owner(uint16((row*across + col) * each))
			if id == 0 {
				b.WriteByte('.')
			} else {
				b.WriteByte('A' + byte((id-1)%26))
			}
			b.WriteByte(' ')
		}
		b.WriteByte('\n')
	}
	b.WriteString("\nThe slots of this cluster, a letter for each shard. Redis ver. " + RedisVersion + "\n")
	s.seg.local.Verbatim("txt", b.String())
}
