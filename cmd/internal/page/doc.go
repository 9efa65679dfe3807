// Package page writes what a run of troupe-chaos found as one page of HTML that needs nothing else: no network,
// no other file. Charts are drawn as SVG here; the page follows the reader's choice of light or dark.
//
// Pure functions of a report; any goroutine.
package page
