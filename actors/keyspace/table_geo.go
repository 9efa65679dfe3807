package keyspace

var geoCommands = []Command{
	{Name: "geoadd", Arity: -5, Flags: FlagWrite | FlagDenyOOM, Categories: CatGeo,
		KeySpecs: keyAt(1, KeyRW|KeyUpdate), Since: "3.2.0", Complexity: "O(log(N)) for each place",
		Summary: "Adds places to a sorted set, or moves them."},
	{Name: "geodist", Arity: -4, Flags: FlagReadOnly, Categories: CatGeo,
		KeySpecs: keyAt(1, KeyRO|KeyAccess), Since: "3.2.0", Complexity: "O(log(N))",
		Summary: "Answers the distance between two places."},
	{Name: "geohash", Arity: -2, Flags: FlagReadOnly, Categories: CatGeo,
		KeySpecs: keyAt(1, KeyRO|KeyAccess), Since: "3.2.0", Complexity: "O(log(N)) for each place",
		Summary: "Answers the geohashes of places as text."},
	{Name: "geopos", Arity: -2, Flags: FlagReadOnly, Categories: CatGeo,
		KeySpecs: keyAt(1, KeyRO|KeyAccess), Since: "3.2.0", Complexity: "O(log(N)) for each place",
		Summary: "Answers the longitudes and latitudes of places."},
	{Name: "georadius", Arity: -6, Flags: FlagWrite | FlagDenyOOM, Categories: CatGeo,
		KeySpecs: radiusKeys(6), Since: "3.2.0", Complexity: searchCost,
		Deprecated: "6.2.0", ReplacedBy: "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument",
		Summary: "Finds the places near a point, and stores them if asked."},
	{Name: "georadius_ro", Arity: -6, Flags: FlagReadOnly, Categories: CatGeo,
		KeySpecs: keyAt(1, KeyRO|KeyAccess), Since: "3.2.10", Complexity: searchCost,
		Deprecated: "6.2.0", ReplacedBy: "`GEOSEARCH` with the `BYRADIUS` argument",
		Summary: "Finds the places near a point."},
	{Name: "georadiusbymember", Arity: -5, Flags: FlagWrite | FlagDenyOOM, Categories: CatGeo,
		KeySpecs: radiusKeys(5), Since: "3.2.0", Complexity: searchCost,
		Deprecated: "6.2.0", ReplacedBy: "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments",
		Summary: "Finds the places near another one, and stores them if asked."},
	{Name: "georadiusbymember_ro", Arity: -5, Flags: FlagReadOnly, Categories: CatGeo,
		KeySpecs: keyAt(1, KeyRO|KeyAccess), Since: "3.2.10", Complexity: searchCost,
		Deprecated: "6.2.0", ReplacedBy: "`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments",
		Summary: "Finds the places near another one."},
	{Name: "geosearch", Arity: -7, Flags: FlagReadOnly, Categories: CatGeo,
		KeySpecs: keyAt(1, KeyRO|KeyAccess), Since: "6.2.0", Complexity: searchCost,
		Summary: "Finds the places in a circle or a box."},
	{Name: "geosearchstore", Arity: -8, Flags: FlagWrite | FlagDenyOOM, Categories: CatGeo,
		KeySpecs: append(keyAt(1, KeyOW|KeyUpdate), keyAt(2, KeyRO|KeyAccess)...), Since: "6.2.0", Complexity: searchCost,
		Summary: "Finds the places in a circle or a box and stores them."},
}

const searchCost = "O(N+log(M)) of N places in the box around the area, M of them all"

// radiusKeys are the keys of the commands whose destination stands behind an option.
func radiusKeys(options int) []KeySpec {
	return append(keyAt(1, KeyRO|KeyAccess),
		KeySpec{Flags: KeyOW | KeyUpdate, Keyword: "STORE", StartFrom: options, Step: 1},
		KeySpec{Flags: KeyOW | KeyUpdate, Keyword: "STOREDIST", StartFrom: options, Step: 1})
}
