package api

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"standpunt/internal/fault"
	"standpunt/people"
	"standpunt/web/session"
)

// operation is one call of the API, as it is documented and guarded.
type operation struct {
	method, path string
	id, tag      string
	summary      string
	description  string
	// scope is what a token needs; empty: nobody has to be signed in. Endorse also asks that
	// the principal may endorse at all.
	scope  people.Scope
	status int // of success; 0: 200, or 204 without a body
	faults []fault.Code
	// raw are the media types of an operation whose body is a file, and most its bytes.
	raw  []string
	most int64
}

// nothing is the input or output of operations that have none.
type nothing struct{}

// answer is an output with a JSON body.
type answer[T any] struct{ Body T }

func answering[T any](body T, err error) (*answer[T], error) {
	if err != nil {
		return nil, err
	}
	return &answer[T]{Body: body}, nil
}

// add puts an operation on the API. Every error of the handler is answered as
// a [Problem].
func add[I, O any](a *API, o operation, handler func(context.Context, *I) (*O, error)) {
	op := huma.Operation{
		Method: o.method, Path: o.path, OperationID: o.id, Tags: []string{o.tag}, Summary: o.summary,
		Description: o.description, DefaultStatus: o.status, BodyReadTimeout: -1, Security: []map[string][]string{},
	}
	op.MaxBodyBytes = a.maxBody
	_, op.SkipValidateBody = reflect.TypeFor[I]().FieldByName("RawBody") // its handler reads it
	if o.scope != "" {
		op.Security = []map[string][]string{{"token": {}}, {"session": {}}}
		op.Description = strings.TrimSpace(op.Description + fmt.Sprintf("\n\nA token needs the scope `%s`.", o.scope))
		op.Middlewares = append(op.Middlewares, a.admit(o.scope))
	}
	switch {
	case o.raw != nil:
		op.MaxBodyBytes = o.most
		op.Middlewares = append(op.Middlewares, a.rawBody(o.raw, o.most))
	case hasBody[I]():
		op.Middlewares = append(op.Middlewares, a.strictBody(a.maxBody))
	}
	op.Responses = a.refusals(o, hasBody[I]())
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handler(ctx, in)
		if err != nil {
			return nil, problemOf(ctx, a.logger, err)
		}
		return out, nil
	})
}

// hasBody reports whether an input type takes a request body.
func hasBody[I any]() bool {
	t := reflect.TypeFor[I]()
	_, parsed := t.FieldByName("Body")
	_, raw := t.FieldByName("RawBody")
	return parsed || raw
}

// admit lets nobody in without the scope. What the person's roles allow is the
// rooms' to say.
func (a *API) admit(scope people.Scope) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		who, err := session.Require(ctx.Context())
		if err == nil {
			err = who.May(scope)
		}
		if err == nil && scope == people.Endorse {
			err = who.MayEndorse()
		}
		if err != nil {
			r, w := humago.Unwrap(ctx)
			a.WriteProblem(w, r, err)
			return
		}
		next(ctx)
	}
}

// refusals documents every status that the operation can answer with beside
// success, with the codes behind it.
func (a *API) refusals(o operation, body bool) map[string]*huma.Response {
	codes := append([]fault.Code{fault.Internal}, o.faults...)
	if o.scope != "" {
		codes = append(codes, fault.Unauthenticated, fault.Forbidden)
	}
	if body {
		codes = append(codes, fault.MalformedJSON, fault.BodyTooLarge, fault.InvalidInput)
	}
	if strings.Contains(o.path, "{") {
		codes = append(codes, fault.NotFound)
	}
	if o.method != http.MethodGet {
		codes = append(codes, fault.CrossSite)
	}
	slices.Sort(codes)
	byStatus := make(map[int][]string)
	for _, code := range slices.Compact(codes) {
		byStatus[statuses[code]] = append(byStatus[statuses[code]], "`"+string(code)+"`")
	}
	responses := make(map[string]*huma.Response)
	for status, names := range byStatus {
		responses[strconv.Itoa(status)] = &huma.Response{
			Description: http.StatusText(status) + ": " + strings.Join(names, ", "),
			Content:     map[string]*huma.MediaType{problemType: {Schema: a.problemSchema}},
		}
	}
	return responses
}
