package sandbox

import (
	"net/url"
	"strings"

	"standpunt/approval"
	"standpunt/internal/fault"
	"standpunt/internal/id"
)

// maxAddress is the most bytes that an address is read of.
const maxAddress = 2000

// Locate reads the address of a post: http://.../posts/ID, or the place on a
// page where the network shows it, http://.../posts/ANOTHER#p-ID. Which host it
// names is not asked, since the network can have several: the id alone is read.
func (c *Connector) Locate(address string) (approval.Receipt, error) {
	refuse := func(message string) (approval.Receipt, error) {
		return approval.Receipt{}, fault.New(fault.InvalidInput, "%s", message).At("url", address).
			Fix("Open our answer on the network, follow its time, and copy the address of that page.")
	}
	address = strings.TrimSpace(address)
	u, err := url.Parse(address)
	switch {
	case address == "":
		return refuse("the address of the answer is missing")
	case err != nil || len(address) > maxAddress || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil:
		return refuse("this is no address of a page")
	}
	before, which, found := strings.Cut(strings.TrimSuffix(u.Path, "/"), "/posts/")
	if placed, ok := strings.CutPrefix(u.Fragment, "p-"); ok {
		before, which, found = "", placed, true
	}
	post, err := id.Parse[post](which)
	if !found || before != "" || err != nil || post.IsZero() {
		return refuse("this is no address of a single post")
	}
	where := u.Scheme + "://" + u.Host + "/posts/" + post.String()
	return approval.Receipt{ExternalID: post.String(), URL: where, PostedAt: post.Time()}, nil
}
