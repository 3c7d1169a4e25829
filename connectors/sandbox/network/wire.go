package network

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"standpunt/internal/fault"
)

// maxBody is the largest request body in bytes: room for 500 characters of
// any kind, written as escapes.
const maxBody = 128 << 10

// problem is every refusal of the API, in the form of RFC 9457.
type problem struct {
	Status int        `json:"status"`
	Title  string     `json:"title"`
	Code   fault.Code `json:"code"`
	Detail string     `json:"detail"`
	Field  string     `json:"field,omitempty"`
	Value  string     `json:"value,omitempty"`
	Remedy string     `json:"remedy,omitempty"`
}

// problemOf is what may be shown of err.
func problemOf(err error) problem {
	var f *fault.Fault
	if !errors.As(err, &f) {
		f = fault.New(fault.Internal, "the network failed").Fix("Try again; the network's log says more.")
	}
	status := statusOf(f.Code)
	return problem{Status: status, Title: http.StatusText(status), Code: f.Code, Detail: f.Message,
		Field: f.Field, Value: f.Value, Remedy: f.Remedy}
}

func statusOf(c fault.Code) int {
	switch c {
	case fault.Unauthenticated:
		return http.StatusUnauthorized
	case fault.Forbidden, fault.CrossSite:
		return http.StatusForbidden
	case fault.RateLimited:
		return http.StatusTooManyRequests
	case fault.NotFound:
		return http.StatusNotFound
	case gone:
		return http.StatusGone
	case peopleOnly:
		return http.StatusForbidden
	case fault.MalformedJSON:
		return http.StatusBadRequest
	case fault.BodyTooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.InvalidInput, fault.EmptyText, fault.TextTooLong:
		return http.StatusUnprocessableEntity
	case fault.AlreadyExists, fault.Conflict, cursorUnknown:
		return http.StatusConflict
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

// refuse answers with err as a problem.
func refuse(w http.ResponseWriter, err error) {
	p := problemOf(err)
	if p.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	send(w, p.Status, "application/problem+json", p)
}

// answer sends v as JSON.
func answer(w http.ResponseWriter, status int, v any) { send(w, status, "application/json", v) }

func send(w http.ResponseWriter, status int, mediaType string, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "the answer cannot be written", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = bytes.NewReader(append(body, '\n')).WriteTo(w)
}

// receive reads one JSON object strictly: unknown and repeated fields, text
// that is not UTF-8 and anything behind the object are refused.
func receive(w http.ResponseWriter, r *http.Request, into any) error {
	if t := r.Header.Get("Content-Type"); t != "" && !strings.HasPrefix(t, "application/json") &&
		!strings.HasPrefix(t, "application/x-www-form-urlencoded") { // curl's default
		return fault.New(fault.InvalidInput, "the body is not JSON").At("Content-Type", t).Fix("Send application/json.")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return fault.New(fault.BodyTooLarge, "the body is larger than %d bytes", maxBody).Fix("Send less.")
	case err != nil:
		return fault.New(fault.MalformedJSON, "the body broke off").Fix("Send it again.").Because(err)
	case !utf8.Valid(body):
		return fault.New(fault.MalformedJSON, "the body is not valid UTF-8").Fix("Send the text as UTF-8.")
	}
	if err := json.Unmarshal(body, into, json.RejectUnknownMembers(true)); err != nil {
		return malformed(err)
	}
	return nil
}

func malformed(err error) error {
	var meaning *json.SemanticError
	if errors.As(err, &meaning) {
		field := strings.TrimPrefix(string(meaning.JSONPointer), "/")
		if errors.Is(err, json.ErrUnknownName) {
			return fault.New(fault.InvalidInput, "there is no such field").At(field, "").
				Fix("Leave it out, or check its spelling.").Because(err)
		}
		wanted := "another type"
		if meaning.GoType != nil {
			wanted = typeNames[meaning.GoType.Kind().String()]
		}
		return fault.New(fault.InvalidInput, "the value has the wrong type").At(field, string(meaning.JSONValue)).
			Fix("Send %s.", wanted).Because(err)
	}
	return fault.New(fault.MalformedJSON, "the body is not valid JSON").
		Fix("Send one JSON object.").Because(err)
}

var typeNames = map[string]string{
	"string": "a text in quotes", "int": "a whole number", "bool": "true or false", "struct": "an object",
}

func intFault(field, value string, low, high int) error {
	return fault.New(fault.InvalidInput, "this is not a number in range").At(field, value).
		Fix("%s", fmt.Sprintf("Use %d to %d.", low, high))
}
