package keyspace

// Flags are the properties of a command, as COMMAND INFO names them.
type Flags uint32

// In the order in which Redis lists them.
const (
	FlagWrite Flags = 1 << iota
	FlagReadOnly
	FlagDenyOOM
	FlagModule
	FlagAdmin
	FlagPubSub
	FlagNoScript
	FlagBlocking
	FlagLoading
	FlagStale
	FlagSkipMonitor
	FlagSkipSlowlog
	FlagAsking
	FlagFast
	FlagNoAuth
	FlagNoMandatoryKeys
	FlagNoAsyncLoading
	FlagNoMulti
	FlagMovableKeys
	FlagAllowBusy

	// FlagMayReplicate marks what CLIENT PAUSE takes for a write though it is none. It has no name.
	FlagMayReplicate
)

var flagNames = [...]string{
	"write", "readonly", "denyoom", "module", "admin", "pubsub", "noscript", "blocking", "loading", "stale",
	"skip_monitor", "skip_slowlog", "asking", "fast", "no_auth",
	"no_mandatory_keys", "no_async_loading", "no_multi", "movablekeys", "allow_busy",
}

// Categories are the ACL categories of a command.
type Categories uint32

// In the order in which Redis lists them.
const (
	CatKeyspace Categories = 1 << iota
	CatRead
	CatWrite
	CatSet
	CatSortedSet
	CatList
	CatHash
	CatString
	CatBitmap
	CatHyperLogLog
	CatGeo
	CatStream
	CatPubSub
	CatAdmin
	CatFast
	CatSlow
	CatBlocking
	CatDangerous
	CatConnection
	CatTransaction
	CatScripting
)

var categoryNames = [...]string{
	"@keyspace", "@read", "@write", "@set", "@sortedset", "@list", "@hash", "@string", "@bitmap", "@hyperloglog",
	"@geo", "@stream", "@pubsub", "@admin", "@fast", "@slow", "@blocking", "@dangerous", "@connection",
	"@transaction", "@scripting",
}

// implied lists the categories that follow from a flag.
var implied = []struct {
	flag Flags
	cat  Categories
}{
	{FlagWrite, CatWrite},
	{FlagReadOnly, CatRead},
	{FlagAdmin, CatAdmin | CatDangerous},
	{FlagPubSub, CatPubSub},
	{FlagFast, CatFast},
	{FlagBlocking, CatBlocking},
}

// categories completes the categories named in the table by those that its flags imply.
func categories(named Categories, flags Flags) Categories {
	all := named
	for _, i := range implied {
		if flags&i.flag != 0 {
			all |= i.cat
		}
	}
	if named&CatScripting != 0 { // a script may write whatever its command's flags say
		all &^= CatRead &^ named
	}
	if all&CatFast == 0 {
		all |= CatSlow
	}
	return all
}

// categoryByName finds a category by its name without the @, in any case; 0 when there is none.
func categoryByName(name []byte) Categories {
	for i, n := range categoryNames {
		if equalFold(name, n[1:]) {
			return 1 << i
		}
	}
	return 0
}

// equalFold compares ASCII text in any case.
func equalFold(b []byte, s string) bool {
	if len(b) != len(s) {
		return false
	}
	for i := range b {
		if lowerByte(b[i]) != lowerByte(s[i]) {
			return false
		}
	}
	return true
}
