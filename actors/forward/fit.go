package forward

import "github.com/troupedb/troupe/wire"

// maxReplies is what the replies to one batch may take, in bytes, so that they fit a frame with the rest of the
// message. The largest value that there is fits.
const maxReplies = wire.MaxFrame - 4<<20

const lineTooLarge = "-ERR the reply is larger than what one node passes on for another: ask the node that leads the shard\r\n"

// fit puts an error in the place of each reply that does not fit a limit, which must have room for one of those
// each. What was asked was done all the same.
func fit(replies []byte, ends []uint32, limit int) ([]byte, []uint32) {
	if len(replies) <= limit {
		return replies, ends
	}
	var kept []byte
	to := make([]uint32, len(ends))
	from := uint32(0)
	for i, end := range ends {
		reply, reserve := replies[from:end], (len(ends)-i-1)*len(lineTooLarge)
		if len(kept)+len(reply)+reserve > limit {
			reply = []byte(lineTooLarge)
		}
		kept = append(kept, reply...)
		to[i], from = uint32(len(kept)), end
	}
	return kept, to
}
