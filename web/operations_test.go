package web_test

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"standpunt/people"
)

// anOperation is one operation of the served OpenAPI document.
type anOperation struct {
	method, path string
	described    map[string]any
}

// open reports whether nobody has to be signed in.
func (o anOperation) open() bool { return len(o.described["security"].([]any)) == 0 }

// somewhere is the path with something in place of its parameters.
func (o anOperation) somewhere() string {
	return regexp.MustCompile(`\{[^}]*\}`).ReplaceAllString(o.path, "0190a000-0000-7000-8000-000000000000")
}

func operationsOf(t *testing.T, r *rig) []anOperation {
	t.Helper()
	document := r.nobody().get("/openapi.json").is(200)
	if v := document.str("openapi"); !strings.HasPrefix(v, "3.1") {
		t.Fatalf("the document is of version %q", v)
	}
	var all []anOperation
	for path, methods := range document.at("paths").(map[string]any) {
		for method, described := range methods.(map[string]any) {
			all = append(all, anOperation{strings.ToUpper(method), path, described.(map[string]any)})
		}
	}
	slices.SortFunc(all, func(a, b anOperation) int { return strings.Compare(a.path+a.method, b.path+b.method) })
	if len(all) < 40 {
		t.Fatalf("the document has %d operations", len(all))
	}
	return all
}

func TestEveryOperationIsDocumented(t *testing.T) {
	r := newRig(t)
	ids := make(map[string]bool)
	for _, o := range operationsOf(t, r) {
		what := o.method + " " + o.path
		id, _ := o.described["operationId"].(string)
		if id == "" || ids[id] {
			t.Errorf("%s: the operation id %q is missing or not its own", what, id)
		}
		ids[id] = true
		if s, _ := o.described["summary"].(string); s == "" {
			t.Errorf("%s has no summary", what)
		}
		if s, _ := o.described["description"].(string); s == "" {
			t.Errorf("%s has no description", what)
		}
		responses := o.described["responses"].(map[string]any)
		success := false
		for status, response := range responses {
			success = success || strings.HasPrefix(status, "2")
			if content, _ := response.(map[string]any)["content"].(map[string]any); strings.HasPrefix(status, "4") && content["application/problem+json"] == nil {
				t.Errorf("%s: the refusal %s is no problem: %v", what, status, response)
			}
		}
		if !success || responses["500"] == nil || !o.open() && (responses["401"] == nil || responses["403"] == nil) {
			t.Errorf("%s does not document its answers: %v", what, responses)
		}
	}
	if schemas := r.nobody().get("/openapi.json").at("components", "schemas").(map[string]any); schemas["ErrorModel"] != nil || schemas["Problem"] == nil {
		t.Error("the document describes another shape of errors than ours")
	}
}

// TestEveryOperationAsksWhoItIs walks the document: without a session or token
// every call but signing in and enrolling is refused, with a token that only
// reads every call that changes something, and with a service token every one.
func TestEveryOperationAsksWhoItIs(t *testing.T) {
	r := newRig(t)
	secret, _, err := r.Staff.IssueServiceToken(t.Context(), r.As("ada").By, "forum", "plein")
	check(t, err)
	service := r.nobody()
	service.token = secret
	reader := r.withToken("ada", people.Read)
	wrong := r.nobody()
	wrong.token = people.TokenPrefix + "nobodys"
	size, err := r.Log.Size(t.Context())
	check(t, err)
	var open []string
	for _, o := range operationsOf(t, r) {
		if o.open() {
			open = append(open, o.method+" "+o.path)
			continue
		}
		r.nobody().call(o.method, o.somewhere(), nil).refused(401, "unauthenticated")
		wrong.call(o.method, o.somewhere(), nil).refused(401, "unauthenticated")
		if o.path != "/accounts/{name}/mentions" {
			service.call(o.method, o.somewhere(), nil).refused(403, "forbidden")
		}
		if o.method != http.MethodGet {
			reader.call(o.method, o.somewhere(), nil).refused(403, "forbidden")
		}
	}
	if want := []string{"POST /enrol", "POST /session"}; !slices.Equal(open, want) {
		t.Errorf("open to nobody in particular are %v, want %v", open, want)
	}
	after, err := r.Log.Size(t.Context())
	check(t, err)
	if after != size {
		t.Errorf("refused calls left %d audit entries", after-size)
	}
}

// Every GET that there is, called by each of the staff, leaves the log as it was.
func TestAbuse24_GetNeverMutates(t *testing.T) {
	r := newRig(t)
	talk := r.Mention("m1", "Hallo?")
	p := r.As("anna").Submitted(talk, "Dag!")
	r.stop("bert")
	var drawn bytes.Buffer
	check(t, png.Encode(&drawn, image.NewGray(image.Rect(0, 0, 2, 2))))
	picture, err := r.Approvals.AddPicture(t.Context(), r.As("anna").By, drawn.Bytes())
	check(t, err)
	size, err := r.Log.Size(t.Context())
	check(t, err)
	for _, login := range []string{"anna", "bert", "mara", "ada"} {
		c := r.withToken(login, people.Read, people.Write)
		for _, o := range operationsOf(t, r) {
			if o.method != http.MethodGet || o.path == "/events" {
				continue
			}
			path := strings.NewReplacer("/conversations/{id}", "/conversations/"+talk.ID.String(), "/proposals/{id}", "/proposals/"+p.ID.String(), "{sha256}", picture.SHA256.String()).Replace(o.path)
			c.get(path).is(200)
			r.nobody().get(path+"?verdict=approve&digest="+p.Digest.String()).refused(401, "unauthenticated")
			c.get(path+"?verdict=approve").refused(422, "invalid_input")
			c.call("HEAD", path, nil)
		}
	}
	after, err := r.Log.Size(t.Context())
	check(t, err)
	if after != size+4 { // the four tokens
		t.Errorf("reading left %d audit entries", after-size-4)
	}
	for _, action := range []string{"submit", "decisions", "withdraw", "retry", "outcome", "enrolment"} {
		r.as("bert").get("/proposals/"+p.ID.String()+"/"+action).refused(405, "not_found")
	}
}
