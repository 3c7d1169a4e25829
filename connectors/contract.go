package connectors

import (
	"context"
	"net/http"
	"time"

	"standpunt/approval"
	"standpunt/inbox"
)

// Page is one answer of a [Source]. Mentions are in any order; Next covers all
// of them and is committed together with them.
type Page struct {
	Mentions []inbox.Inbound
	// Own are posts by the account itself that the source came across. The runner compares
	// them with our receipts: one that no release explains was published outside.
	Own  []approval.OwnPost
	Next inbox.Cursor
	More bool // there is more already: poll again at once
	// Trouble is what does not work beside what this page brings: one of several lists that a
	// poll reads, one of several streams, a part of a delivery. It is shown in the account's
	// health until a page comes the same way without it. What the page brings is taken in all the same.
	Trouble error
	// Partial says, on the empty page of a [Streamer], that what its stream brings is not all that
	// polls do: they keep their usual pace.
	Partial bool
}

// Source is what every connector has.
type Source interface {
	// Poll returns what came after the cursor; an empty cursor means the account's back-fill
	// window. It may repeat, and never skips. Errors are of type [*Error].
	Poll(ctx context.Context, after inbox.Cursor) (Page, error)
}

// Publisher sends answers.
type Publisher interface {
	// Publish posts the release's text, byte for byte, at most once. It never retries by
	// itself. An error of kind [Unknown] means that the platform may have accepted it; every
	// other kind means that it certainly did not.
	Publish(ctx context.Context, r approval.Release) (approval.Receipt, error)
}

// Streamer is a source that pushes. Stream calls deliver with an empty page as
// soon as it is connected, then for each batch, in order; it returns when the
// stream ends, ctx is done, or deliver fails, with deliver's error. The runner
// polls after each connect, so a stream may miss what came in between. A stream
// that connects again by itself delivers an empty page each time, and one whose
// Trouble says why while it cannot: polling then goes on at its usual pace. While
// it is connected polls are rarer, unless the empty page says that it is Partial:
// a stream is whole that brings all the mentions that polls would. Only
// a poll moves the cursor: a delivered page's Next is ignored. after is where the
// cursor stands, for platforms that can replay.
type Streamer interface {
	Stream(ctx context.Context, after inbox.Cursor, deliver func(Page) error) error
}

// Webhook is a source whose platform calls us. A connector whose settings leave
// the webhook out (no secret to check signatures with) is of a type without
// Receive: its address then answers as one that does not exist.
type Webhook interface {
	// Receive takes one request to the account's own address: a delivery (POST) or the
	// platform's check that the address is ours (GET, answered with its challenge). body is the
	// request's body, byte for byte as it came and never over [MaxDelivery]; r.Body is used up.
	//
	// It first proves who sent the request, in constant time, and decodes nothing before. Its
	// errors are of type [*Error]: of kind [BadAuth] where the signature or the challenge's token
	// is missing or wrong, [Stale] where the signed time is too far from ours, [Garbage] where
	// what is signed makes no sense, [Temporary] where the platform shall deliver it again, which
	// is so too where a call of ours to the platform failed on the way, whatever its own kind. The
	// Message is shown to staff as the reason, the Remedy where refusals repeat; the sender is
	// told neither. One entry that makes no sense does not fail the others: it is left out, and
	// told of as the page's Trouble.
	// The same delivery comes more than once, late, and in any order: EditedAt tells which
	// state of a post is newer. Receive is called for many deliveries side by side.
	Receive(ctx context.Context, r *http.Request, body []byte) (WebhookAnswer, error)
}

// Addressed is a [Webhook] whose settings name its remote account, so that what is
// delivered for it reaches it though its platform does not tell who it is, as
// after a start or with a dead token.
type Addressed interface {
	// Addressee is [Identity.RemoteID] as the settings name it. It calls nobody.
	Addressee() string
}

// Acceptor is a source to which any program delivers mentions through our own
// API. Accept decodes and checks one delivery; its errors are of type
// *fault.Fault and name the field, the value and the remedy.
type Acceptor interface {
	Accept(ctx context.Context, body []byte) ([]inbox.Inbound, error)
}

// MaxDelivery is the most bytes that one delivery to a [Webhook] may have. Meta puts up
// to 1,000 updates into one; at the longest texts that platforms allow these fit.
const MaxDelivery = 8 << 20

// WebhookAnswer is what a verified delivery brought and what to answer.
type WebhookAnswer struct {
	Page Page // Next is ignored: a webhook does not move the poll cursor
	// Others are the remote ids of other accounts that the delivery speaks of: one app has one
	// address for all its pages. The runner hands the same request to those of them that
	// are configured with the same kind, whose connectors verify it for themselves. Who they
	// are an [Addressed] one tells, of any other the runner knows once the platform told.
	Others []string

	// Status is 200 where it is 0. With one of 500 and more the page is kept all the same, and
	// the platform delivers the whole again: for what could not be completed at the moment.
	Status int
	Body   []byte // often empty; a challenge is answered with what the platform sent
	Type   string // of Body; empty: "text/plain; charset=utf-8"
}

// Finder reads own posts back, to compare what stands there with what was
// approved and to settle an unknown outcome. Find tells whether the attempt's
// effect stands: for a reply, a post or an edit, the post with the text that it
// shows now; for a removal or a hiding, that the target is no longer shown, and
// then Text is empty. It recognises the post by the receipt where the attempt
// has one, else by what Publish sent with it (Key), never by its text alone
// where two releases could have the same.
type Finder interface {
	Find(ctx context.Context, a approval.Attempt) (Found, error)
}

// Locator reads the addresses of posts, so that an answer which a person
// posted by hand can be recorded and read back. A Locator is a [Finder] whose
// Find knows the action [approval.ByHand]: it says Present only of a post by the
// account itself that answers the attempt's target, and Foreign of any other.
type Locator interface {
	// Locate names the post at an address as somebody copies it from the platform: its id,
	// its plain address, and when it was made, as far as the id tells. It makes no network
	// call and trusts nothing else in the address. Its errors are of type *fault.Fault, name
	// the field "url" and say what to copy instead.
	Locate(url string) (approval.Receipt, error)
}

// Clocked is a [Locator] that knows its platform's clock, so that a post which was
// made before its approval is told from one that was made right after it, however
// wrong our own clock is.
type Clocked interface {
	// Ahead is the least by which the clock that Locate's times are of can be ahead of ours
	// now, negative where it is behind; false: not known at the moment. It calls nobody.
	Ahead() (time.Duration, bool)
}

// Found is a [Finder]'s answer.
type Found struct {
	Outcome Outcome
	// Receipt is that of the post, when Outcome is Present. Its URL completes a receipt that
	// Publish could not tell the address of; PostedAt is when the first version of an edited
	// post was made.
	Receipt approval.Receipt
	// Differs says what differs beside the text, such as a picture that is not there; one English
	// sentence, empty where nothing does.
	Differs string
	// Text is the post's text after the connector's documented inverse of what its platform
	// always does (line ends, links, HTML); equal to the approved text byte for byte or differing.
	Text string
}

// besides is what differs beside the text, as approval takes it.
func (f Found) besides() []string {
	if f.Differs == "" {
		return nil
	}
	return []string{f.Differs}
}

// Outcome is what reading back showed.
type Outcome string

// The outcomes. Only a platform that reads its own writes may say Absent.
const (
	Present    Outcome = "found"
	Absent     Outcome = "absent"
	CannotTell Outcome = "cannot_tell"
	// Foreign is for answers by hand: what stands there is not ours, or answers another post.
	Foreign Outcome = "foreign"
)

// Editor changes a published answer in place. Edit, like Remove, Hide and
// ReplyPrivately below, is bound as Publish is: once, exactly, Unknown when in doubt.
type Editor interface {
	Edit(ctx context.Context, r approval.Release) (approval.Receipt, error)
}

// Remover deletes a published answer.
type Remover interface {
	Remove(ctx context.Context, r approval.Release) (approval.Receipt, error)
}

// Hider hides a customer's post under ours.
type Hider interface {
	Hide(ctx context.Context, r approval.Release) (approval.Receipt, error)
}

// PrivateReplier answers a public mention in private.
type PrivateReplier interface {
	ReplyPrivately(ctx context.Context, r approval.Release) (approval.Receipt, error)
}

// Composer knows the platform's own counting.
type Composer interface {
	// Measure counts text as the platform does.
	Measure(text string) approval.Measure
}

// PrivateComposer is a [Composer] whose platform counts a text that the
// customer alone will read otherwise than a public one.
type PrivateComposer interface {
	MeasurePrivate(text string) approval.Measure
}

// Closing is a connector whose platform takes answers to some mentions for a
// time only.
type Closing interface {
	// Unanswerable says why the platform takes no answer to the mention at that time, in one
	// English sentence of [inbox.UnansweredReasons]; empty where it does. It calls nobody.
	Unanswerable(m *inbox.Mention, at time.Time) string
	// Closes is from when on Unanswerable has a reason; zero where time brings none.
	Closes(m *inbox.Mention) time.Time
}

// Authorizer is a connector whose account a person signs in on the platform
// itself, with standpunt login. What comes of it is kept in the account's [Keep],
// where a connector of another process finds it at its next call.
type Authorizer interface {
	// BeginLogin prepares one sign-in and calls nobody. It is a fault where the settings hold
	// all that is needed.
	BeginLogin() (Login, error)
}

// Login is one sign-in under way.
type Login interface {
	// URL is what the person opens in a browser, and Redirect where the platform sends that
	// browser afterwards.
	URL() string
	Redirect() string
	// Owns reports whether the address holds what URL gave to this sign-in alone. Any web page
	// can lead a browser to Redirect, and none can make such an address. It calls nobody.
	Owns(returned string) bool
	// Finish takes the whole address that the browser was sent to, and keeps the sign-in if
	// it is the configured account's. Its errors are faults or of type [*Error]. An address that
	// was wrong can be followed by the right one.
	Finish(ctx context.Context, returned string) (Identity, error)
}

// Attacher publishes pictures with an answer. A release that carries some goes
// to no connector without it.
type Attacher interface {
	// MediaRules are what the platform takes beside the text of a public answer.
	MediaRules() approval.MediaRules
}

// Identifier tells which remote account the credentials belong to.
type Identifier interface {
	// Identity is the platform's stable name of the account that we publish as.
	Identity(ctx context.Context) (Identity, error)
}

// Identity is the remote account behind a configured one.
type Identity struct {
	RemoteID string // stable id, covered by every envelope
	Handle   string // what people see: "@brand", "care@brand.test"
	URL      string
	CanSend  bool   // the credentials allow publishing
	Note     string // what does not work, with what to do; empty when all does
	// Unsubscribed says that the platform was not told to deliver all that it could: what the
	// Note says of that can be mended there, without a change here.
	Unsubscribed bool
}

// Pricer knows what its platform charges for an answer. It calls nobody.
type Pricer interface {
	Price(action approval.Action, visibility inbox.Visibility, text string) approval.Price
}

// Spender counts what its platform charges. It calls nobody, and never keeps an
// answer from being published.
type Spender interface{ Spending() Spending }

// Spending is what an account's platform has charged in one UTC month, as the
// connector counted it; the platform's own bill is the one that counts.
type Spending struct {
	Month  time.Time // its first moment
	Since  time.Time // when counting began in it; what was spent before is not known
	ToDate approval.Money
	Items  []Spent // what it is made of, dearest first
	// Budget is what the settings allow; 0: they set none.
	Budget     approval.Money
	Projection approval.Money // what the month will come to, going on like this
	// PollEvery is the pause between polls to which the budget has stretched the one that
	// the settings ask for; 0: it has not.
	PollEvery time.Duration
}

// Spent is one kind of charge.
type Spent struct {
	Name  string // the connector's own word: "user_read"
	Count int
	Cost  approval.Money
}

// Share is how much of the budget is spent, in whole per cent, rounded down; 0
// where there is none.
func (s Spending) Share() int {
	if s.Budget <= 0 {
		return 0
	}
	return int(s.ToDate * 100 / s.Budget)
}

// Pacer knows how often it is to be polled; it is asked after each poll.
// Without it, or with 0, the account's PollEvery counts.
type Pacer interface{ PollEvery() time.Duration }

// Connector is one live account: a Source at least. What else it can do is
// found by asserting the interfaces above.
type Connector interface{ Source }

// Closer is implemented by a connector that holds connections.
type Closer interface{ Close() error }
