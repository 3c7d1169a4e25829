package desk

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"time"

	"standpunt/approval"
	"standpunt/inbox"
	"standpunt/internal/fault"
)

// maxUpload is how many bytes a form with pictures can have.
const maxUpload = 4*approval.MaxPicture + maxForm

func (k *desk) picturePages() []page {
	return []page{
		{method: "GET", path: "/pictures/{sha256}", handle: (*visit).picture},
		{method: "POST", path: "/inbox/{id}/attach", handle: (*visit).attachToReply, may: writers, most: maxUpload},
		{method: "POST", path: "/approvals/{id}/attach", handle: (*visit).attachToRevision, may: writers, most: maxUpload},
	}
}

// pictures are what goes with an answer that is being written.
type pictures struct {
	Action  string // where the form that adds and removes them goes
	List    []approval.Media
	Rules   approval.MediaRules
	Unsaved bool // no revision has them yet
}

// Takes reports whether anything can be attached here, or is.
func (p pictures) Takes() bool { return p.Rules.Most > 0 || len(p.List) > 0 }

// Full reports whether no more can be attached.
func (p pictures) Full() bool { return len(p.List) >= p.Rules.Most }

// Accept lists the media types for the file chooser.
func (p pictures) Accept() string { return strings.Join(p.Rules.Types, ",") }

// picture serves one picture. It is named by its content, so it is kept for ever.
func (v *visit) picture() error {
	h, err := approval.ParseHash(v.r.PathValue("sha256"))
	if err != nil {
		return fault.New(fault.NotFound, "there is no such picture")
	}
	p, data, err := v.d.Approvals.Picture(v.ctx(), h)
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", p.Type)
	v.w.Header().Set("Cache-Control", "private, max-age=31536000, immutable")
	v.w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox")
	http.ServeContent(v.w, v.r, "", time.Time{}, bytes.NewReader(data))
	return nil
}

// typedMedia are the pictures that the form holds, with their alternative
// texts. A form that knows nothing of pictures leaves them as they were.
func (v *visit) typedMedia(was []approval.Media) ([]approval.Media, error) {
	if !v.r.PostForm.Has("pictures") {
		return was, nil
	}
	var all []approval.Media
	for _, raw := range v.r.PostForm["media"] {
		h, err := approval.ParseHash(raw)
		if err != nil {
			return nil, err
		}
		all = append(all, approval.Media{SHA256: h, AltText: v.r.PostForm.Get("alt." + raw)})
	}
	return all, nil
}

// alteredMedia are the form's pictures after what its button asks for: one
// left out, or those in the file field added.
func (v *visit) alteredMedia() ([]approval.Media, error) {
	all, err := v.typedMedia(nil)
	if err != nil {
		return nil, err
	}
	if drop := v.form("drop"); drop != "" {
		return slices.DeleteFunc(all, func(m approval.Media) bool { return m.SHA256.String() == drop }), nil
	}
	if v.r.MultipartForm == nil || len(v.r.MultipartForm.File["picture"]) == 0 {
		return all, fault.New(fault.InvalidInput, "no picture was chosen").At("picture", "").Fix("Choose one first.")
	}
	for _, head := range v.r.MultipartForm.File["picture"] {
		p, err := v.addPicture(head)
		if err != nil {
			return all, err
		}
		if !slices.ContainsFunc(all, func(m approval.Media) bool { return m.SHA256 == p.SHA256 }) {
			all = append(all, approval.Media{SHA256: p.SHA256})
		}
	}
	return all, nil
}

// addPicture keeps one file of a form. The file is on this side of the network
// already, so one at a time is read, whoever sent it: a burst of uploads takes
// longer, not more memory.
func (v *visit) addPicture(head *multipart.FileHeader) (*approval.Picture, error) {
	v.adding.Lock()
	defer v.adding.Unlock()
	file, err := head.Open()
	var data []byte
	if err == nil {
		data, err = io.ReadAll(io.LimitReader(file, approval.MaxPicture+1))
		_ = file.Close() // it was read
	}
	if err != nil {
		return nil, fault.New(fault.InvalidInput, "a picture broke off on its way").At("picture", head.Filename).Fix("Choose it again.").Because(err)
	}
	return v.d.Approvals.AddPicture(v.ctx(), v.who, data)
}

// attachToReply adds or removes pictures of the answer that is being written,
// and shows the composer again with everything that was typed. Nothing is saved.
func (v *visit) attachToReply() error {
	c, err := inbox.ParseConversationID(v.r.PathValue("id"))
	if err != nil {
		return err
	}
	media, problem := v.alteredMedia()
	t, err := v.thread(c)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if problem != nil {
		t.Trouble, status = v.trouble(problem), statusOf(problem)
	}
	v.retype(t)
	if t.Composer != nil {
		t.Composer.Pictures.List, t.Composer.Pictures.Unsaved = media, true
	}
	return v.showInbox(status, v.queryOfBack(), t)
}

// attachToRevision is attachToReply for a text that is written anew.
func (v *visit) attachToRevision() error {
	media, problem := v.alteredMedia()
	p, err := v.decisionOf(decisionPage{})
	if err != nil {
		return err
	}
	if !p.May.Revise || p.P.Envelope == nil {
		return v.to("/approvals/" + p.P.ID.String())
	}
	status := http.StatusOK
	if problem != nil {
		p.Trouble, status = v.trouble(problem), statusOf(problem)
	}
	page := v.revising(p)
	page.Draft, page.Schedule = v.typedText(), v.typedSchedule(page.Schedule)
	if base, err := approval.ParseDigest(v.form("digest")); err == nil {
		page.Base = base
	}
	page.Pictures.List, page.Pictures.Unsaved = media, true
	return v.render(status, "revise", v.t("decision.edit.title"), page)
}

// picturesOf are the pictures of an envelope, to go on with.
func (v *visit) picturesOf(action string, account inbox.AccountName, seen inbox.Visibility, byHand bool, e *approval.Envelope) pictures {
	p := pictures{Action: action}
	if !byHand {
		p.Rules = v.d.Approvals.MediaRules(account, seen)
	}
	if e != nil {
		p.List = e.Media
	}
	return p
}

// sameMedia reports whether a form has the pictures that a revision has.
func sameMedia(typed, approved []approval.Media) bool {
	return slices.EqualFunc(typed, approved, func(a, b approval.Media) bool {
		return a.SHA256 == b.SHA256 && strings.Join(strings.Fields(a.AltText), " ") == b.AltText
	})
}
