package link

import "fmt"

// typeName is for log lines about values that must not be printed themselves.
func typeName(v any) string { return fmt.Sprintf("%T", v) }
