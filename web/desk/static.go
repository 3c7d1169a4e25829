package desk

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"
)

//go:embed static
var staticFiles embed.FS

const staticPrefix = "/static/"

// static serves the embedded styles, modules and pictures. Their folder is
// named by the hash of all of them, so that browsers keep them for ever and
// modules can import each other by relative names.
type static struct {
	folder string // "/static/<hash>/"
	files  map[string][]byte
}

func newStatic() (*static, error) {
	s := &static{files: make(map[string][]byte)}
	sum := sha256.New()
	entries, err := staticFiles.ReadDir("static") // sorted
	if err != nil {
		return nil, fmt.Errorf("desk: static files: %w", err)
	}
	for _, e := range entries {
		body, err := fs.ReadFile(staticFiles, "static/"+e.Name())
		if err != nil {
			return nil, fmt.Errorf("desk: static files: %w", err)
		}
		s.files[e.Name()] = body
		fmt.Fprintf(sum, "%s %d\n%s", e.Name(), len(body), body)
	}
	s.folder = staticPrefix + hex.EncodeToString(sum.Sum(nil))[:16] + "/"
	return s, nil
}

// url is where the file is served; it panics on a name that is not embedded,
// which the test over the templates finds.
func (s *static) url(name string) string {
	if _, ok := s.files[name]; !ok {
		panic("desk: there is no static file " + name)
	}
	return s.folder + name
}

// styles are the addresses of all style sheets, in the order of their names.
func (s *static) styles() []string {
	var all []string
	for name := range s.files {
		if path.Ext(name) == ".css" {
			all = append(all, s.url(name))
		}
	}
	slices.Sort(all)
	return all
}

var mediaTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

func (s *static) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, ok := strings.CutPrefix(r.URL.Path, s.folder)
	body, known := s.files[name]
	if !ok || !known {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", mediaTypes[path.Ext(name)])
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(body) // the client is gone, or it is not
}
