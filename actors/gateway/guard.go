package gateway

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/troupedb/troupe/wire/rest"
)

const denied = "DENIED this node runs in protected mode: no password is set, so requests are only served from the loopback interface. " +
	"Start it with --requirepass (troupe-gateway with --token), and send that as a bearer token."

const deniedName = "DENIED no password is set, so requests are only served that are sent to an address or to localhost: " +
	"a page of another site can make up any name for this node."

// admit returns why a request may not be served, or nil. token is that of the query, "" if there is none.
func (h *Handler) admit(r *http.Request, token string) *failure {
	if bearer, ok := bearerOf(r); ok {
		token = bearer
	}
	switch {
	case !h.cfg.Sessions.HasPassword():
		return h.admitUnknown(r)
	case token == "":
		return errorOf("NOAUTH Authentication required: send the password as a bearer token")
	case !h.cfg.Sessions.Authentic([]byte(token)):
		return errorOf("WRONGPASS invalid token")
	}
	return nil
}

// admitUnknown admits a caller who has nothing to show.
func (h *Handler) admitUnknown(r *http.Request) *failure {
	switch {
	case h.cfg.Sessions.Protected() && !fromLoopback(r):
		return errorOf(denied)
	case !plainHost(r.Host):
		return errorOf(deniedName)
	case crossSite(r):
		return errorOf("DENIED a page of another site asks, and no password is set")
	}
	return nil
}

func bearerOf(r *http.Request) (string, bool) {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(token), ok && strings.EqualFold(scheme, "bearer")
}

func fromLoopback(r *http.Request) bool {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && from.Addr().Unmap().IsLoopback()
}

// crossSite reports whether a browser says that it sends a request for a page of another site.
func crossSite(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && !ownSite(site) {
		return true
	}
	if page := r.Header.Get("Origin"); page != "" && !ownPage(r, page) {
		return true
	}
	// A program that follows a redirect of ours tells the node that it was sent from as well.
	page := r.Referer()
	return page != "" && ofBrowser(r) && !ownPage(r, page)
}

// ofBrowser reports whether the sender calls itself what every browser does.
func ofBrowser(r *http.Request) bool { return strings.HasPrefix(r.UserAgent(), "Mozilla/") }

func ownSite(site string) bool { return site == "same-origin" || site == "none" }

// ownPage reports whether an address is of this server, under the name that the request was sent to.
func ownPage(r *http.Request, address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Host == r.Host && (u.Scheme == "http" || u.Scheme == "https")
}

// admitCommands refuses what is not a mere read where it may come from a page of another site: browsers say nothing
// of the page that an image or a link was in when the address here is not a secure one and the page wants it so.
func (h *Handler) admitCommands(r *http.Request, cmds []rest.Command) *failure {
	if h.cfg.Sessions.HasPassword() || !ofUnknownPage(r) {
		return nil
	}
	for _, cmd := range cmds {
		if !reads(cmd) {
			return errorOf("DENIED a browser asks and does not say for which page, and no password is set: it may only read")
		}
	}
	return nil
}

// ofUnknownPage reports whether a browser sends a request and tells nothing of where that comes from.
func ofUnknownPage(r *http.Request) bool {
	return ofBrowser(r) && r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "" && r.Referer() == ""
}

// plainHost reports whether a Host header names an address, or localhost. Browsers always name something.
func plainHost(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return host == "" || host == "localhost" || net.ParseIP(strings.Trim(host, "[]")) != nil
}
