package desk_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"standpunt/approval"
	"standpunt/approval/approvaltest"
	"standpunt/connectors"
	"standpunt/internal/browser/browsertest"
	"standpunt/people"
	"standpunt/web/desk/desktest"
)

// says waits until an element says something.
func (s *screen) says(selector, text string) {
	s.t.Helper()
	s.await(`document.querySelector(` + quoted(selector) + `)?.textContent.includes(` + quoted(text) + `)`)
}

func quoted(text string) string { return "`" + text + "`" }

func TestADossierFollowsWhatHappens(t *testing.T) {
	d := desktest.New(t)
	p := d.As("anna").Submitted(d.Say("plein", "1", "@eva", "Eva", "Hallo?", time.Hour), "Dag Eva.")
	s := open(t, d, "mara", wide)
	s.goTo("/audit/proposals/" + p.ID.String())
	s.live()
	s.says(".dossier-head", "In review")
	s.await(`!document.querySelector("[data-print]").hidden`)
	rows := s.js(`document.querySelectorAll("tbody tr").length`)
	if _, err := d.As("bert").Approve(p); err != nil {
		t.Fatal(err)
	}
	s.says(".dossier-head", "Approved")
	s.says("#dossier", "bert")
	s.await(`document.querySelectorAll("tbody tr").length > ` + rows)
	s.await(`!document.querySelector("[data-print]").hidden`)
}

// What one typed and unfolded stays while colleagues change the page.
func TestThePeoplePageFollowsWhatHappens(t *testing.T) {
	d := desktest.New(t)
	s := open(t, d, "mara", wide)
	s.goTo("/settings/people")
	s.live()
	anna := "#person-" + d.As("anna").ID.String()
	s.click(anna + " summary")
	s.fill(anna+" textarea", "Zij neemt de avonddienst")
	s.js(`document.activeElement.setSelectionRange(3, 8)`)
	s.click(anna + ` [value="press"]`)
	s.js(`document.querySelector(` + quoted(anna+" textarea") + `).focus()`)
	ada := d.As("ada")
	if _, err := ada.Propose(approval.KindPerson, approval.Change{Login: "femke", Name: "Femke Dijk", Roles: []people.Role{people.Agent}, Language: "nl", Reason: "Nieuw"}); err != nil {
		t.Fatal(err)
	}
	if _, err := ada.Propose(approval.KindRoles, approval.Change{Person: d.As("anna").ID, Roles: []people.Role{people.Manager}, Reason: "Zij leidt"}); err != nil {
		t.Fatal(err)
	}
	s.says("#people", "Femke Dijk")
	s.says(anna+" .status", "ada")
	s.await(`document.querySelector(` + quoted(anna+" details") + `).open && document.activeElement.matches(` + quoted(anna+" textarea") + `)`)
	if got := s.js(`document.activeElement.value + " " + document.activeElement.selectionStart + " " + document.querySelector(` + quoted(anna+` [value="press"]`) + `).checked`); got != "Zij neemt de avonddienst 3 true" {
		t.Errorf("what was typed became %q", got)
	}
}

func TestSettingsFollowWhatHappens(t *testing.T) {
	d := desktest.New(t)
	b := browsertest.Start(t)
	ada, bert := d.As("ada"), openIn(t, b, d, "bert", wide)

	bert.goTo("/settings/policies")
	bert.live()
	strict := approval.DefaultPolicy()
	strict.Name, strict.Quorum = "Met drieën", 3
	if _, err := ada.Propose(approval.KindPolicy, approval.Change{Policies: []approval.Policy{strict}, Reason: "Crisis"}); err != nil {
		t.Fatal(err)
	}
	bert.says("#policies .status", "ada")

	// The form that one writes in goes away; what was written does not.
	bert.goTo("/publishing")
	bert.live()
	bert.fill("#publishing #reason", "Het tarief klopt niet")
	if err := d.Approvals.StopPublishing(t.Context(), d.As("paul").By, "Ik was eerder"); err != nil {
		t.Fatal(err)
	}
	bert.says("#publishing", "Ik was eerder")
	bert.await(`document.querySelector(".typed textarea").value === "Het tarief klopt niet" && document.querySelector("#publishing #reason").value === ""`)
	p, err := ada.Propose(approval.KindResume, approval.Change{Reason: "Hersteld"})
	if err != nil {
		t.Fatal(err)
	}
	bert.await(`document.querySelector("#publishing a[href='` + at(p) + `']") && document.querySelector(".typed textarea").value === "Het tarief klopt niet"`)

	bert.goTo("/settings/me")
	bert.live()
	before := bert.js(`document.querySelectorAll("#sessions tbody tr").length`)
	bert.fill("#token-name", "Mijn rooster")
	d.SignedIn("bert")
	bert.await(`document.querySelectorAll("#sessions tbody tr").length > ` + before)
	if name := bert.js(`document.getElementById("token-name").value`); name != "Mijn rooster" {
		t.Errorf("what was typed became %q", name)
	}
}

func TestTheAuditListFollowsWhatHappens(t *testing.T) {
	d := desktest.New(t)
	s := open(t, d, "mara", wide)
	s.goTo("/audit")
	s.live()
	row := s.js(`document.querySelector("#audit-table tbody tr").id`)
	if err := d.Approvals.StopPublishing(t.Context(), d.As("paul").By, "Verkeerd tarief"); err != nil {
		t.Fatal(err)
	}
	s.await(`document.querySelector("#audit-table tbody tr").id !== "` + row + `" && document.querySelector("#audit-table tbody tr.alarm")?.textContent.includes("paul")`)
	s.await(`document.getElementById("` + row + `")`)
	s.await(`document.querySelectorAll("[id]").length === new Set([...document.querySelectorAll("[id]")].map((e) => e.id)).size`)
}

// A page says that it is live where it follows what happens, and nowhere else.
func TestOnlyPagesThatFollowSayThatTheyAreLive(t *testing.T) {
	d := desktest.New(t)
	talk := d.Say("plein", "1", "@eva", "Eva", "Hallo?", time.Hour)
	p := d.As("anna").Submitted(talk, "Dag Eva.")
	s := open(t, d, "ada", wide)
	for path, follows := range map[string]bool{
		"/inbox": true, "/inbox/" + talk.ID.String(): true, "/approvals": true, at(p): true, "/audit": true, "/audit/proposals/" + p.ID.String(): true,
		"/settings/me": true, "/settings/accounts": true, "/settings/people": true, "/settings/policies": true, "/publishing": true,
		"/audit?before=3": false, "/settings/policies/edit": false,
	} {
		s.goTo(path)
		s.live()
		if got := s.js(`document.getElementById("connection").checkVisibility({ visibilityProperty: true })`) == "true"; got != follows {
			t.Errorf("%s says that it is live: %v", path, got)
		}
	}
}

// A page asks for what happens when the last of its modules listens, however late that comes.
func TestNoChangeIsLostToALateModule(t *testing.T) {
	d := desktest.New(t)
	p := d.As("anna").Submitted(d.Say("plein", "1", "@eva", "Eva", "Hallo?", time.Hour), "Dag Eva.")
	there, err := url.Parse(d.URL)
	if err != nil {
		t.Fatal(err)
	}
	slow := httputil.NewSingleHostReverseProxy(there)
	comes, holding := make(chan struct{}), new(atomic.Bool)
	letCome := sync.OnceFunc(func() { close(comes) })
	defer letCome()
	var follows atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/approvals.js"):
			holding.Store(true)
			<-comes
		case holding.Load() && r.URL.Path == "/api/v1/events":
			follows.Add(1)
		}
		slow.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	through := *d
	through.URL = server.URL
	s := open(t, &through, "bert", wide)
	s.js(`void location.assign("` + at(p) + `")`)
	s.await(`document.getElementById("decision") && !document.querySelector("[data-help]").hidden`) // the first module is there
	if _, err := d.As("paul").Approve(p); err != nil {
		t.Fatal(err)
	}
	if n := follows.Load(); n != 0 {
		t.Errorf("the page asked for what happens %d times before its last module was there", n)
	}
	letCome()
	s.await(`document.getElementById("decision").dataset.state === "queued"`)
	s.live()
}

// A change that a page cannot ask for, because the connection breaks, is asked for again.
func TestNoChangeIsLostToABrokenConnection(t *testing.T) {
	d := desktest.New(t)
	p := d.As("anna").Submitted(d.Say("plein", "1", "@eva", "Eva", "Hallo?", time.Hour), "Dag Eva.")
	there, err := url.Parse(d.URL)
	if err != nil {
		t.Fatal(err)
	}
	whole := httputil.NewSingleHostReverseProxy(there)
	var breaks atomic.Value // the path of which the next answer in the background breaks off
	breaks.Store("")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Standpunt-Background") != "" && breaks.CompareAndSwap(r.URL.Path, "") {
			_, _ = io.WriteString(w, "<!doctype html>")
			_ = http.NewResponseController(w).Flush() // of a connection that breaks before, browsers ask again by themselves
			panic(http.ErrAbortHandler)
		}
		whole.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	through := *d
	through.URL = server.URL
	s := open(t, &through, "bert", wide)
	s.expected = []string{"net::ERR_INCOMPLETE_CHUNKED_ENCODING"}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for _, page := range []struct {
		at, asks string
		change   func() error
		shows    string
	}{
		{"/approvals", "/approvals", func() error {
			d.As("anna").Submitted(d.Mention("2", "Hoi?"), "Hoi.")
			return nil
		}, `document.querySelectorAll("[data-row]").length === 2`},
		{"/settings/me", "/waiting", func() error {
			d.As("anna").Submitted(d.Mention("3", "Dag?"), "Dag.")
			return nil
		}, `document.getElementById("waiting").textContent.startsWith("3")`},
		{"/inbox", "/inbox", func() error {
			d.Say("plein", "4", "@tom", "Tom Laat", "Nog daar?", time.Second)
			return nil
		}, `document.getElementById("rows").textContent.includes("Tom Laat")`},
		{"/audit", "/audit", func() error {
			return d.Approvals.StopPublishing(t.Context(), d.As("paul").By, "Verkeerd tarief")
		}, `document.querySelector("#audit-table tbody tr.alarm")`},
		{at(p), at(p), func() error {
			_, err := d.As("paul").Approve(p)
			return err
		}, `document.getElementById("decision").dataset.state === "queued"`},
	} {
		s.goTo(page.at)
		s.live()
		breaks.Store(page.asks)
		s.must(page.change())
		for end := time.Now().Add(patience); breaks.Load() != ""; <-tick.C {
			if time.Now().After(end) {
				t.Fatalf("%s never asked", page.at)
			}
		}
		s.await(page.shows)
	}
}

// hooked is a connector side whose account plein is charged and takes deliveries.
type hooked struct {
	spending
	refused *atomic.Uint64
}

func (h hooked) Health() []connectors.AccountHealth {
	all := h.spending.Health()
	all[0].Webhook = connectors.Deliveries{Path: "/hooks/plein", Unproven: h.refused.Load(), LastRefused: time.Now(), LastReason: "the signature is wrong"}
	return all
}

// A refused delivery is no entry in the log: the page asks for it by itself,
// while one reads on in what one unfolded.
func TestARefusedDeliveryShowsWhileOneReadsOn(t *testing.T) {
	from := hooked{spending{spent: 24 * approval.Dollar}, new(atomic.Uint64)}
	d := desktest.Serve(t, approvaltest.New(t), from, nil)
	s := open(t, d, "ada", wide)
	s.goTo("/settings/accounts")
	s.live()
	if every, err := strconv.Atoi(s.js(`document.querySelector("[data-every]").dataset.every`)); err != nil || every > 5 {
		t.Errorf("the page asks again every %d seconds (%v)", every, err)
	}
	s.click(".spending summary")
	s.await(`document.querySelector(".spending details").open && document.activeElement.matches(".spending summary")`)
	for _, refused := range []uint64{17, 18} {
		from.refused.Store(refused)
		s.says(".hook", "Refused: "+strconv.FormatUint(refused, 10)+" without proof")
		s.await(`document.querySelector(".spending details").open && document.activeElement.matches(".spending summary")`)
	}
}

// The answer to a form on the page shows a secret once: following takes nothing of it away.
func TestATokenStaysToBeCopied(t *testing.T) {
	r := approvaltest.New(t)
	if err := r.Approvals.InitAccounts(t.Context(), []approval.Configured{{Name: "loket", Kind: "push", BaseURL: "http://push.test"}}); err != nil {
		t.Fatal(err)
	}
	d := desktest.Serve(t, r, hooked{spending{}, new(atomic.Uint64)}, nil)
	s := open(t, d, "ada", wide)
	s.goTo("/settings/accounts")
	s.live()
	s.click("[data-key=loket] details summary")
	s.fill("#token-loket", "Rooster")
	s.press("\r")
	s.await(`document.querySelector("output.secret")`)
	s.live()
	secret := s.js(`document.querySelector("output.secret").textContent`)
	s.fill("#token-loket", "Tweede")
	if err := d.Approvals.InitAccounts(t.Context(), []approval.Configured{{Name: "fora", Kind: "push", BaseURL: "http://fora.test"}}); err != nil {
		t.Fatal(err)
	}
	s.await(`document.querySelector("[data-key=fora]")`)
	if got := s.js(`document.querySelector("output.secret").textContent + document.getElementById("token-loket").value`); got != secret+"Tweede" {
		t.Errorf("the page shows %q", got)
	}
}
