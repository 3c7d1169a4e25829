package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"standpunt/internal/fault"
)

// Problem is an error as the API answers it: RFC 9457 with the fault's parts.
type Problem struct {
	Type    string            `json:"type" doc:"Names the kind of problem; the last part is the code." example:"urn:standpunt:problem:stale_digest"`
	Title   string            `json:"title" doc:"The HTTP status in words." example:"Conflict"`
	Status  int               `json:"status" doc:"The HTTP status." example:"409"`
	Detail  string            `json:"detail" doc:"What is the matter, in one English sentence that is safe to show." example:"the text changed since you opened it; it is now revision 2"`
	Code    fault.Code        `json:"code" doc:"Stable; programs go by it." example:"stale_digest"`
	Field   string            `json:"field,omitempty" doc:"The field, parameter or header at fault." example:"digest"`
	Value   string            `json:"value,omitempty" doc:"What was sent there, shortened."`
	Remedy  string            `json:"remedy,omitempty" doc:"What to do, in one English sentence." example:"Read the new revision and decide on that."`
	Details map[string]string `json:"details,omitempty" doc:"Further values for programs, such as the newest digest and text with stale_digest."`

	header http.Header
}

const problemType = "application/problem+json"

// statuses is the HTTP status of every code. A code that is not in it does not
// pass the tests.
var statuses = map[fault.Code]int{
	fault.Unauthenticated: http.StatusUnauthorized,
	fault.Forbidden:       http.StatusForbidden,
	fault.CrossSite:       http.StatusForbidden,
	fault.RateLimited:     http.StatusTooManyRequests,

	fault.NotFound:         http.StatusNotFound,
	fault.MalformedJSON:    http.StatusBadRequest,
	fault.BodyTooLarge:     http.StatusRequestEntityTooLarge,
	fault.InvalidInput:     http.StatusUnprocessableEntity,
	fault.EmptyText:        http.StatusUnprocessableEntity,
	fault.TextTooLong:      http.StatusUnprocessableEntity,
	fault.HiddenCharacters: http.StatusUnprocessableEntity,
	fault.CommentRequired:  http.StatusUnprocessableEntity,
	fault.AlreadyExists:    http.StatusConflict,

	fault.SelfApproval:      http.StatusForbidden,
	fault.NotRevisionAuthor: http.StatusForbidden,
	fault.CoolingTime:       http.StatusForbidden,
	fault.StaleDigest:       http.StatusConflict,
	fault.WrongState:        http.StatusConflict,
	fault.AlreadyDecided:    http.StatusConflict,
	fault.NotAnswerable:     http.StatusConflict,
	fault.NoPolicy:          http.StatusConflict,

	fault.PublishingStopped: http.StatusConflict,
	fault.AccountNotReady:   http.StatusConflict,
	fault.Conflict:          http.StatusConflict,
	fault.Unavailable:       http.StatusServiceUnavailable,
	fault.Internal:          http.StatusInternalServerError,
}

// problemOf turns any error into what may be shown. What is no fault, and what
// a fault says is internal, is logged and shown as internal.
func problemOf(ctx context.Context, logger *slog.Logger, err error) *Problem {
	var ready *Problem
	if errors.As(err, &ready) {
		return ready
	}
	var f *fault.Fault
	switch {
	case errors.As(err, &f) && f.Code != fault.Internal:
	case ctx.Err() != nil:
		f = fault.New(fault.Unavailable, "the request was given up before it was answered")
	default:
		logger.ErrorContext(ctx, "request failed", "error", err, "cause", errors.Unwrap(err))
		f = fault.New(fault.Internal, "something went wrong on our side").
			Fix("Try again; if it stays so, look for this moment in the daemon's log.")
	}
	return problemFrom(f)
}

// problemFrom is the problem that says what the fault does.
func problemFrom(f *fault.Fault) *Problem {
	status, known := statuses[f.Code]
	if !known {
		status = http.StatusInternalServerError
	}
	p := &Problem{
		Type: "urn:standpunt:problem:" + string(f.Code), Title: http.StatusText(status), Status: status,
		Detail: f.Message, Code: f.Code, Field: f.Field, Value: f.Value, Remedy: f.Remedy, Details: f.Details,
		header: http.Header{},
	}
	if f.Code == fault.Unauthenticated {
		p.header.Set("WWW-Authenticate", `Bearer realm="standpunt"`)
	}
	if after := f.Details["retry_after"]; after != "" {
		p.header.Set("Retry-After", after)
	}
	return p
}

// Error, GetStatus, GetHeaders and ContentType are what huma asks of an error.
func (p *Problem) Error() string { return p.Detail }

// GetStatus is the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders are the further headers of the answer.
func (p *Problem) GetHeaders() http.Header { return p.header }

// ContentType is that of problems, whatever was negotiated.
func (p *Problem) ContentType(string) string { return problemType }

// WriteProblem answers with the problem that err is. It is for what happens
// outside the API's own handlers, such as a refused cross-site request.
func (a *API) WriteProblem(w http.ResponseWriter, r *http.Request, err error) {
	problemOf(r.Context(), a.logger, err).write(w)
}

func (p *Problem) write(w http.ResponseWriter) {
	for name, values := range p.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", problemType)
	w.WriteHeader(p.Status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(p) // the client is gone, or it is not
}

// translate gives huma's own refusals the shape of ours. It is a transformer:
// everything that is answered passes through it.
func translate(ctx huma.Context, _ string, v any) (any, error) {
	refused, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	code := fault.InvalidInput
	for known, status := range map[fault.Code]int{
		fault.MalformedJSON: http.StatusBadRequest, fault.BodyTooLarge: http.StatusRequestEntityTooLarge,
		fault.Internal: http.StatusInternalServerError,
	} {
		if refused.Status == status {
			code = known
		}
	}
	f := fault.New(code, "%s", strings.TrimSuffix(refused.Detail, "."))
	if len(refused.Errors) > 0 {
		f = detailFault(ctx, code, refused.Errors[0])
	}
	for i, other := range refused.Errors {
		if i > 0 && i < 10 {
			f = f.With("also_"+strconv.Itoa(i), fieldName(other.Location)+": "+other.Message)
		}
	}
	p := problemFrom(f)
	p.Status, p.Title = refused.Status, http.StatusText(refused.Status)
	return p, nil
}

// detailFault says what huma found at one place of the input.
func detailFault(ctx huma.Context, code fault.Code, d *huma.ErrorDetail) *fault.Fault {
	field := fieldName(d.Location)
	if name, ok := strings.CutPrefix(d.Message, "expected required property "); ok {
		name = strings.TrimSuffix(name, " to be present")
		return fault.New(code, "%s is missing", name).At(joinField(field, name), "").Fix("Send it too.")
	}
	if d.Message == "unknown query parameter" {
		return fault.New(code, "there is no such parameter").At(field, "").Fix("%s", suggestion(field, queryNames(ctx.Operation())))
	}
	value := ""
	if !secretField(field) {
		value = fmt.Sprint(d.Value)
	}
	return fault.New(code, "%s", d.Message).At(field, value)
}

// fieldName is the place in the caller's notation: body.text is text.
func fieldName(location string) string {
	for _, part := range []string{"body", "query", "path", "header"} {
		if location == part {
			return ""
		}
		if rest, ok := strings.CutPrefix(location, part+"."); ok {
			return rest
		}
	}
	return location
}

func joinField(parent, name string) string {
	if parent == "" {
		return name
	}
	return parent + "." + name
}

// secretField reports whether a field's value is never repeated.
func secretField(field string) bool {
	switch field {
	case "password", "current", "new", "code":
		return true
	}
	return false
}

func queryNames(op *huma.Operation) []string {
	var names []string
	for _, p := range op.Parameters {
		if p.In == "query" {
			names = append(names, p.Name)
		}
	}
	return names
}
