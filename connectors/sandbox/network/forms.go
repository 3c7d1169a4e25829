package network

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"standpunt/internal/fault"
)

// typedText is a text area's content as its author typed it: browsers send
// CR LF for each line end.
func typedText(r *http.Request) string {
	return strings.ReplaceAll(r.PostFormValue("text"), "\r\n", "\n")
}

func readForm(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		return fault.New(fault.BodyTooLarge, "the form cannot be read").Fix("Send less text.").Because(err)
	}
	return nil
}

func (n *Network) formCreate(w http.ResponseWriter, r *http.Request) {
	if err := readForm(w, r); err != nil {
		n.show(w, r, 0, nil, err)
		return
	}
	d, err := newDraft(r.PostFormValue("author"), typedText(r), r.PostFormValue("in_reply_to"))
	var made []*Post
	var by Handle
	d.PeopleOnly, d.byHand = r.PostFormValue("people_only") == "yes", true
	if err == nil {
		by, err = n.board.passing(r.Context(), d.Author, r.PostFormValue("password"))
	}
	if err == nil {
		made, err = n.board.add(r.Context(), by, d)
	}
	if err != nil {
		d.Author, d.Text = Handle(r.PostFormValue("author")), typedText(r)
		n.showAgain(w, r, d, err)
		return
	}
	//nolint:gosec // it names whom one played last; the network is plain HTTP on loopback
	http.SetCookie(w, &http.Cookie{Name: "as", Value: string(d.Author), Path: "/", MaxAge: 365 * 86400,
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil})
	http.Redirect(w, r, backTo(r)+"#p-"+made[0].ID.String(), http.StatusSeeOther)
}

// showAgain is the page that a refused form stands on, with what was typed and
// what is wrong with it.
func (n *Network) showAgain(w http.ResponseWriter, r *http.Request, typed Draft, why error) {
	var v *view
	var err error
	if typed.InReplyTo.IsZero() {
		v, err = n.timeline(r)
	} else {
		v, err = n.single(r, typed.InReplyTo.String())
	}
	if err != nil {
		n.show(w, r, 0, nil, why)
		return
	}
	p := problemOf(why)
	v.Problem, v.Typed = &p, typed
	if typed.Author != "" {
		v.As = typed.Author
	}
	n.show(w, r, p.Status, v, nil)
}

func (n *Network) formEdit(w http.ResponseWriter, r *http.Request) {
	n.formChange(w, r, func(ctx context.Context, which PostID) error {
		_, err := n.board.edit(ctx, "", which, typedText(r))
		return err
	})
}

func (n *Network) formDelete(w http.ResponseWriter, r *http.Request) {
	n.formChange(w, r, func(ctx context.Context, which PostID) error {
		_, err := n.board.remove(ctx, "", which)
		return err
	})
}

func (n *Network) formChange(w http.ResponseWriter, r *http.Request, change func(context.Context, PostID) error) {
	err := readForm(w, r)
	var which PostID
	if err == nil {
		which, err = parseID("id", r.PathValue("id"))
	}
	if err == nil {
		err = change(r.Context(), which)
	}
	if err != nil {
		n.show(w, r, 0, nil, err)
		return
	}
	back := backTo(r)
	if _, err := n.single(r, which.String()); err != nil && strings.HasPrefix(back, "/posts/") {
		back = "/" // the page that the form stood on went with the post
	}
	http.Redirect(w, r, back+"#p-"+which.String(), http.StatusSeeOther)
}

// formDirector is the panel from which a drill is directed.
func (n *Network) formDirector(w http.ResponseWriter, r *http.Request) {
	err := readForm(w, r)
	if err == nil {
		err = n.direct(r)
	}
	if err != nil {
		n.show(w, r, 0, nil, err)
		return
	}
	http.Redirect(w, r, backTo(r)+"#director", http.StatusSeeOther)
}

func (n *Network) direct(r *http.Request) error {
	number := func(name string) (int, error) {
		v, err := strconv.Atoi(strings.TrimSpace(r.PostFormValue(name)))
		if err != nil {
			return 0, fault.New(fault.InvalidInput, "this is not a whole number").At(name, r.PostFormValue(name)).Fix("Write digits alone.")
		}
		return v, nil
	}
	switch action := r.PostFormValue("action"); action {
	case "burst":
		count, err := number("count")
		if err != nil {
			return err
		}
		over, err := number("over_seconds")
		if err != nil {
			return err
		}
		return n.burst(count, over)
	case "trickle":
		seconds, err := number("every_seconds")
		if err != nil {
			return err
		}
		return n.setTrickle(float64(seconds))
	case "fault":
		count, err := number("count")
		if err != nil {
			return err
		}
		f := Fault{Kind: FaultKind(r.PostFormValue("kind")), Count: count, On: r.PostFormValue("on")}
		if err := checkFault(&f); err != nil {
			return err
		}
		n.faults.set(f)
	case "clear":
		n.faults.clear()
	default:
		return fault.New(fault.InvalidInput, "the director has no such button").At("action", action).Fix("Use the buttons of the page.")
	}
	return nil
}
