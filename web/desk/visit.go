package desk

import (
	"context"
	"log/slog"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"

	"standpunt/internal/fault"
	"standpunt/people"
	"standpunt/web/session"
)

// maxForm is how many bytes a form can have: a mail's text and then some.
const maxForm = 1 << 20

// visit is one request, with who makes it and in which language.
type visit struct {
	*desk
	w    http.ResponseWriter
	r    *http.Request
	who  people.Principal
	lang string
	// shows is how far the record reached before anything was read for the
	// page: what came later, the page may not show.
	shows uint64
	// seenOutside is the newest post from outside that this page shows; zero where it lists none.
	seenOutside time.Time
}

func (v *visit) ctx() context.Context { return v.r.Context() }

// serve answers with one page of the table.
func (k *desk) serve(p page) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, max(p.most, maxForm))
		v := &visit{desk: k, w: w, r: r, who: session.From(r.Context())}
		v.lang = v.language()
		defer v.forgetFiles()
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Vary", "Cookie, Accept-Language")
		err := p.admit(v)
		if err == nil {
			err = v.parse(p.most > 0)
		}
		if err == nil {
			v.shows, err = k.d.Log.Size(r.Context())
		}
		if err == nil {
			err = p.handle(v)
		}
		if err != nil {
			v.fail(err) //nolint:contextcheck // a visit carries its request, and with it the context
		}
	})
}

// parse reads the form, so that handlers can take its values without asking.
// Files beyond its first megabyte wait on disk until the visit ends.
func (v *visit) parse(files bool) error {
	err := v.r.ParseForm()
	if media, _, _ := mime.ParseMediaType(v.r.Header.Get("Content-Type")); err == nil && files && media == "multipart/form-data" {
		err = v.r.ParseMultipartForm(maxForm)
	}
	switch {
	case err == nil:
		return v.refuseRepeats()
	case strings.Contains(err.Error(), "too large"):
		return fault.New(fault.BodyTooLarge, "the form is larger than the desk takes").Fix("Shorten the text, or make the pictures smaller.")
	default:
		return fault.New(fault.InvalidInput, "the form could not be read").Because(err)
	}
}

// forgetFiles removes what waited on disk. The server does that by itself only
// for a request that nothing stands in front of.
func (v *visit) forgetFiles() {
	if form := v.r.MultipartForm; form != nil {
		_ = form.RemoveAll() // the system empties its temporary directory
	}
}

// lists are the fields that a form can hold more than once; those of a policy
// carry its number behind a dot.
var lists = []string{"id", "roles", "labels", "scope", "account", "kind", "role", "media"}

// refuseRepeats refuses a form that gives one field twice: which of the two is
// meant is not for the desk to choose.
func (v *visit) refuseRepeats() error {
	if v.r.Method == http.MethodGet || v.r.Method == http.MethodHead {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(v.r.Form)) {
		base, _, _ := strings.Cut(name, ".")
		if len(v.r.Form[name]) > 1 && !slices.Contains(lists, base) {
			return fault.New(fault.InvalidInput, "the form gives a field more than once").At(name, "").
				Fix("Nothing was done. Send the form again, with one value for %s.", name)
		}
	}
	return nil
}

// language is the person's, before sign-in the browser's.
func (v *visit) language() string {
	if v.who.Valid() {
		if l := v.who.Person().Language; l == "nl" || l == "en" {
			return l
		}
	}
	wanted, _, err := language.ParseAcceptLanguage(v.r.Header.Get("Accept-Language"))
	if err != nil {
		return "en"
	}
	for _, tag := range wanted {
		switch base, _ := tag.Base(); base.String() {
		case "nl":
			return "nl"
		case "en":
			return "en"
		}
	}
	return "en"
}

// t is the sentence with the key in the visitor's language; see catalogue.t.
func (v *visit) t(key string, args ...any) string { return v.words.t(v.lang, key, args...) }

// form is one value of the form or the query, without space around it.
func (v *visit) form(name string) string { return strings.TrimSpace(v.r.Form.Get(name)) }

// to ends a form: the browser goes on to path, and reloading repeats nothing.
func (v *visit) to(path string) error {
	http.Redirect(v.w, v.r, path, http.StatusSeeOther)
	return nil
}

// back is where a form wants its visitor to go on, if that is here, else other.
func (v *visit) back(other string) string { return local(v.r.Form.Get("back"), other) }

// local is a path on this desk, or other where raw leads away from it.
func local(raw, other string) string {
	u, err := url.Parse(raw)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(u.Path, "/") ||
		strings.HasPrefix(raw, "//") || strings.ContainsAny(raw, "\\\r\n\t") {
		return other
	}
	return u.String()
}

// here is the address of this visit, to come back to.
func (v *visit) here() string { return v.r.URL.RequestURI() }

// logFault logs what is not a person's fault.
func (v *visit) logFault(err error) {
	if fault.CodeOf(err) == fault.Internal {
		v.logger.LogAttrs(v.ctx(), slog.LevelError, "a page failed", slog.String("method", v.r.Method),
			slog.String("page", v.r.Pattern), slog.Any("error", err))
	}
}
