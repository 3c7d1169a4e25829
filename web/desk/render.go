package desk

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"net/http"
	"path"
	"strings"

	"standpunt/approval"
	"standpunt/inbox"
	"standpunt/people"
	"standpunt/web/session"
)

//go:embed templates
var templateFiles embed.FS

// templateSet is one page's template with the layout and the shared parts.
type templateSet = template.Template

// parseTemplates makes one set for each page and language: templates/part_*.html
// and templates/layout.html stand in every set, any other file is a page that
// defines "main".
func parseTemplates(words *catalogue, files *static) (map[string]map[string]*templateSet, error) {
	names, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		return nil, err
	}
	sets := make(map[string]map[string]*templateSet)
	for _, lang := range languages {
		shared := template.New("layout.html").Funcs(functions(lang, words, files))
		if shared, err = shared.ParseFS(templateFiles, "templates/layout.html", "templates/part_*.html"); err != nil {
			return nil, fmt.Errorf("desk: templates: %w", err)
		}
		sets[lang] = make(map[string]*templateSet)
		for _, file := range names {
			name := strings.TrimSuffix(path.Base(file), ".html")
			if name == "layout" || strings.HasPrefix(name, "part_") {
				continue
			}
			set, err := shared.Clone()
			if err == nil {
				set, err = set.ParseFS(templateFiles, file)
			}
			if err != nil {
				return nil, fmt.Errorf("desk: templates: %w", err)
			}
			sets[lang][name] = set
		}
	}
	return sets, nil
}

// frame is what the layout shows around every page.
type frame struct {
	Title    string
	Template string // the page's template
	Language string
	Here     string // the page's own address
	Who      *people.Person
	Section  string // of the rail
	Search   string // what is searched for
	Waiting  int    // proposals that wait for this person
	Stops    []approval.Stop
	Outside  approval.OutsideCount // posts that nobody approved; unseen are those this person was not shown on this device
	Account  inbox.AccountName     // of the newest of them
	Flash    *flash
	Change   uint64 // how many audit entries the page shows; live changes begin with that number
	Notice   string
	Styles   []string
	Words    map[string]string // for the modules
	names    map[people.ID]*people.Person
}

// shown is what a template gets: $.Frame and .Page.
type shown struct {
	Frame *frame
	Page  any
}

// CanStop reports whether the visitor stops publishing.
func (f *frame) CanStop() bool { return f.Who != nil && f.Who.Has(stoppers...) }

// CanTriage reports whether the visitor triages and writes; others only read.
func (f *frame) CanTriage() bool { return f.Who != nil && f.Who.Has(writers...) }

// Admin reports whether the visitor is one.
func (f *frame) Admin() bool { return f.Who != nil && f.Who.Has(people.Admin) }

// Person is somebody of the staff, nil where nobody has the id.
func (f *frame) Person(id people.ID) *people.Person { return f.names[id] }

// Name is what the person is called, empty where nobody has the id.
func (f *frame) Name(id people.ID) string {
	if p := f.names[id]; p != nil {
		return p.Name
	}
	return ""
}

// Me reports whether the id is the visitor's.
func (f *frame) Me(id people.ID) bool { return f.Who != nil && f.Who.ID == id }

// render shows a page: the template with that name in the layout. title is
// what the window is called, in the visitor's language.
func (v *visit) render(status int, name, title string, data any) error {
	f, err := v.frame(name, title)
	if err != nil {
		return err
	}
	set, ok := v.sets[v.lang][name]
	if !ok {
		return fmt.Errorf("desk: there is no template %s", name)
	}
	var body bytes.Buffer
	if err := set.ExecuteTemplate(&body, "layout.html", shown{f, data}); err != nil {
		return fmt.Errorf("desk: render %s: %w", name, err)
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.Header().Set("Content-Language", v.lang)
	v.w.WriteHeader(status)
	_, _ = v.w.Write(body.Bytes()) // the client is gone, or it is not
	return nil
}

// show renders the page of a request that went well.
func (v *visit) show(name, title string, data any) error {
	return v.render(http.StatusOK, name, title, data)
}

func (v *visit) frame(name, title string) (*frame, error) {
	section, _, _ := strings.Cut(strings.TrimPrefix(v.r.URL.Path, "/"), "/")
	switch section {
	case "publishing":
		section = "settings"
	case "dossier":
		section = "audit"
	}
	f := &frame{
		Title: title, Template: name, Language: v.lang, Here: v.here(), Section: section, Search: v.r.Form.Get("q"), Notice: v.d.Notice,
		Styles: v.static.styles(), Flash: v.takeFlash(), Words: v.words.under(v.lang, "js."), Change: v.shows,
	}
	maps.Copy(f.Words, v.words.under(v.lang, "time."))
	if !v.who.Valid() {
		return f, nil
	}
	me := v.who.Person()
	f.Who = &me
	err := v.name(f)
	if err != nil {
		return nil, err
	}
	return f, v.news(f)
}

// name lets the frame call people by their names.
func (v *visit) name(f *frame) error {
	staff, err := v.d.Staff.List(v.ctx())
	if err != nil {
		return err
	}
	f.names = make(map[people.ID]*people.Person, len(staff))
	for _, p := range staff {
		f.names[p.ID] = p
	}
	return nil
}

// news is what changes around a page while it stands open: how much waits for
// the visitor, whether publishing is stopped, and what was published outside.
func (v *visit) news(f *frame) (err error) {
	if f.Stops, err = v.d.Approvals.Stops(v.ctx()); err != nil {
		return err
	}
	if f.Waiting, err = v.d.Approvals.Waiting(v.ctx(), f.Who.ID); err != nil {
		return err
	}
	f.Outside, f.Account, err = v.outside()
	return err
}

// secure says whether cookies can be limited to TLS.
func (v *visit) secure() bool { return session.Secure(v.ctx()) }
