// Package discard deletes large files without holding up the syncs of others.
//
// A file system gives the blocks of a file back when its last name and handle are gone, all at once, and on a disk that is
// told of free blocks this takes long: 0.4 s for a gigabyte, 5 ms for a segment of the log, in which syncs of other files
// wait as well. So a large file loses its name at once and its blocks piece by piece. Where what is deleted has another name
// for as long as it is open (NFS, some of FUSE), they go at once, when its turn comes; a crash before leaves that name.
package discard
