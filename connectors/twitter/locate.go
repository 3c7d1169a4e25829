package twitter

import (
	"net/url"
	"slices"
	"strings"

	"standpunt/approval"
	"standpunt/internal/fault"
)

// hosts are the names that X's pages have, without the parts in fronts.
var (
	hosts  = []string{"x.com", "twitter.com"}
	fronts = []string{"www.", "mobile.", "m."}
)

// maxAddress is the most bytes that an address is read of.
const maxAddress = 2000

// Locate reads the address of a post: https://x.com/brand/status/ID and all
// that X has it as, on twitter.com and for telephones, /i/status/ID and
// /i/web/status/ID, with whatever follows the id. X ignores the name before
// the id, so an address that names another account is refused here and nothing
// else is concluded from it.
func (c *Connector) Locate(address string) (approval.Receipt, error) {
	refuse := func(message, remedy string) (approval.Receipt, error) {
		return approval.Receipt{}, fault.New(fault.InvalidInput, "%s", message).At("url", address).Fix("%s", remedy)
	}
	const copyIt = "Open our answer on X, choose Share and Copy link, and paste that."
	address = strings.TrimSpace(address)
	if address == "" {
		return refuse("the address of the answer is missing", copyIt)
	}
	if i := strings.Index(address, "://"); i < 0 {
		address = "https://" + address
	}
	u, err := url.Parse(address)
	if err != nil || len(address) > maxAddress || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.Opaque != "" || u.Port() != "" {
		return refuse("this is no address of a page", copyIt)
	}
	host := strings.ToLower(u.Hostname())
	for _, front := range fronts {
		host = strings.TrimPrefix(host, front)
	}
	if !slices.Contains(hosts, host) {
		return refuse("this is no address on X", copyIt)
	}
	parts := strings.Split(strings.Trim(u.EscapedPath(), "/"), "/")
	if len(parts) > 3 && parts[0] == "i" && parts[1] == "web" {
		parts = append([]string{"i"}, parts[2:]...)
	}
	if len(parts) < 3 || parts[1] != "status" && parts[1] != "statuses" {
		return refuse("this is no address of a single post on X", copyIt)
	}
	name, id := parts[0], parts[2]
	if !isID(id) || strings.HasPrefix(id, "0") || strings.HasPrefix(id, "+") {
		return refuse("the address names no post: its last part is no number", copyIt)
	}
	if name != "i" && !handlePattern.MatchString(name) {
		return refuse("the address names no account on X", copyIt)
	}
	if name != "i" && !strings.EqualFold(name, c.s.Handle) {
		return refuse("this is a post of @"+name+", and we answer as @"+c.s.Handle, copyIt)
	}
	return c.receipt(id), nil
}

// Locate reads the address of a post on X as [Connector.Locate] does. A server
// of another make has addresses of its own, and those are refused.
func (l *Legacy) Locate(address string) (approval.Receipt, error) { return l.c.Locate(address) }
