// Package timing counts durations for /metrics: a Histogram is a dozen counters, which whoever measures raises and
// whoever asks reads, each on any goroutine. An observation costs two atomic additions, and is made once for an entry,
// a batch, a sync or a request over HTTP, never for each operation.
package timing
