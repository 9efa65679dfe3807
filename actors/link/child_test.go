package link

func childMain() bool { return false }
