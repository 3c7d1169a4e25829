package connectortest

import (
	"errors"
	"strings"
	"time"

	"standpunt/approval"
	"standpunt/connectors"
	"standpunt/internal/fault"
)

// answerByHand takes an answer of ours for one that a person posted: all that is
// known of it is the address that they copied.
func (s *scene) answerByHand() {
	const text = "Wij zoeken het uit."
	id, another := s.remote.Post(s, "een vraag"), s.remote.Post(s, "nog een vraag")
	c := s.connect()
	asked := s.mention(c, id)
	published := s.mustPublish(c, s.release(c, asked, text))
	s.stand(id, text)

	a := published
	a.Action, a.Key = approval.ByHand, strings.Repeat("0", 32)
	a.Receipt = s.locate(c, published.Receipt.URL)
	if a.Receipt.ExternalID != published.Receipt.ExternalID {
		s.Fatalf("the address %s names the post %q, want %q", published.Receipt.URL, a.Receipt.ExternalID, published.Receipt.ExternalID)
	}
	if off := a.Receipt.PostedAt.Sub(published.Receipt.PostedAt).Abs(); off.Minutes() > 1 {
		s.Errorf("the address tells %s, the receipt %s", a.Receipt.PostedAt, published.Receipt.PostedAt)
	}
	if again := s.locate(c, a.Receipt.URL); again.ExternalID != a.Receipt.ExternalID {
		s.Errorf("the plain address %s names %q", a.Receipt.URL, again.ExternalID)
	}
	if found := s.present(c, a); found.Text != text {
		s.Errorf("what stands there reads %q", found.Text)
	}
	clock, ok := c.(connectors.Clocked)
	if !ok {
		s.Fatalf("it reads addresses, and tells nothing of its platform's clock")
	}
	if ahead, known := clock.Ahead(); !known || ahead > 0 || ahead < -time.Minute {
		s.Errorf("the platform's clock, which is ours, is ahead by %s, known: %v", ahead, known)
	}
	elsewhere := a
	elsewhere.Target, elsewhere.Route = another, nil
	if found := s.find(c, elsewhere); found.Outcome != connectors.Foreign {
		s.Errorf("an answer to another post is %q, want foreign", found.Outcome)
	}
	theirs := a
	theirs.Receipt = approval.Receipt{ExternalID: id}
	if found := s.find(c, theirs); found.Outcome != connectors.Foreign {
		s.Errorf("the customer's post is %q, want foreign", found.Outcome)
	}
	nowhere := a
	nowhere.Receipt = approval.Receipt{}
	if found := s.find(c, nowhere); found.Outcome != connectors.CannotTell {
		s.Errorf("without an address it is %q", found.Outcome)
	}
}

func (s *scene) locate(c connectors.Connector, url string) approval.Receipt {
	s.Helper()
	r, err := c.(connectors.Locator).Locate(url)
	if err != nil {
		s.Fatalf("Locate(%q): %v", url, err)
	}
	if r.ExternalID == "" || r.URL == "" || r.PostedAt.IsZero() {
		s.Errorf("Locate(%q) knows %+v", url, r)
	}
	return r
}

func (s *scene) wrongAddresses() {
	c := s.connect()
	for _, url := range []string{
		"", " ", "x", "https://", "http://[::1", "javascript:alert(1)", "file:///etc/passwd", "https://user:word@voorbeeld.test/1",
		"https://voorbeeld.test/", "https://voorbeeld.test/" + strings.Repeat("1", 5000), "https://\x00/", "\u202ehttps://voorbeeld.test/1",
	} {
		_, err := c.(connectors.Locator).Locate(url)
		var f *fault.Fault
		if !errors.As(err, &f) || f.Field != "url" || f.Remedy == "" {
			s.Errorf("Locate(%.40q): %v, want a fault of the field url with a remedy", url, err)
		}
	}
}
