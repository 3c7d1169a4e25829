package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"standpunt/audit"
	"standpunt/internal/fault"
	"standpunt/people"
)

// Event is one entry of the audit log.
type Event struct {
	Number  uint64            `json:"number" doc:"Position in the log, from 0; also the id of live events."`
	At      instant           `json:"at"`
	Kind    string            `json:"kind" example:"proposal.approved"`
	Actor   audit.Actor       `json:"actor" doc:"person:ID, account:NAME or system."`
	Person  optional[Person]  `json:"person" doc:"Behind the actor, where it is one."`
	Via     string            `json:"via" doc:"desk, api, cli, connector, daemon, init or config."`
	Subject audit.Subject     `json:"subject" doc:"proposal:ID, conversation:ID, person:ID, account:NAME, publishing, ..."`
	From    optional[string]  `json:"from"`
	To      optional[string]  `json:"to"`
	Digest  optional[string]  `json:"digest" doc:"The commitment to the content concerned."`
	Facts   map[string]string `json:"facts"`
}

func (a *API) record() {
	type reading struct {
		After int64 `query:"after" default:"-1" minimum:"-1" doc:"The number of the last event that you have; -1 for the beginning."`
		Limit int   `query:"limit" minimum:"1" maximum:"500" default:"100"`
	}
	add(a, operation{
		method: http.MethodGet, path: "/audit/events", id: "listEvents", tag: "Audit", summary: "Audit entries in order, oldest first",
		description: "next is the after of the next page; null when the end of the log is reached.", scope: people.Read,
	}, func(ctx context.Context, in *reading) (*answer[list[Event]], error) {
		page, err := a.d.Log.Entries(ctx, uint64(in.After), in.Limit+1) // -1 is audit.NoneBefore
		if err != nil {
			return nil, err
		}
		next := ""
		if len(page) > in.Limit {
			page = page[:in.Limit]
			next = strconv.FormatUint(page[in.Limit-1].Number, 10)
		}
		return answering(listing(a.entries(ctx, page), next), nil)
	})
	a.search()
	type checkpoint struct {
		Checkpoint string `json:"checkpoint" doc:"The signed note (C2SP tlog-checkpoint)."`
		Origin     string `json:"origin"`
		Size       uint64 `json:"size" doc:"Entries that it covers."`
		Root       string `json:"root" doc:"Root hash, base64."`
		Key        string `json:"key" doc:"The public key that verifies it; compare it with one that came another way."`
	}
	add(a, operation{
		method: http.MethodGet, path: "/audit/checkpoint", id: "getCheckpoint", tag: "Audit", summary: "A signed checkpoint of the audit log as it is now",
		description: "unavailable says that the log contradicts its anchor and is not signed.", scope: people.Read, faults: []fault.Code{fault.Unavailable},
	}, func(ctx context.Context, _ *nothing) (*answer[checkpoint], error) {
		signed, err := a.d.Log.Checkpoint(ctx)
		var contradiction *audit.AnchorError
		if errors.As(err, &contradiction) {
			err = fault.New(fault.Unavailable, "the log contradicts its anchor, so it is not signed").
				Fix("Run standpunt audit verify.").Because(err)
		}
		if err != nil {
			return nil, err
		}
		c, err := audit.ParseCheckpoint(signed, a.d.Log.VerifierKey())
		return answering(checkpoint{string(signed), c.Origin, c.Size, c.Root.String(), a.d.Log.VerifierKey()}, err)
	})
}

// search is GET /audit/search.
func (a *API) search() {
	type filter struct {
		Paging
		Actor   string    `query:"actor" doc:"person:ID, account:NAME or system; a login stands for its person."`
		Subject string    `query:"subject"`
		Kind    string    `query:"kind" doc:"The beginning of a kind: proposal. or proposal.approved"`
		From    time.Time `query:"from" doc:"Inclusive."`
		To      time.Time `query:"to" doc:"Exclusive."`
	}
	add(a, operation{
		method: http.MethodGet, path: "/audit/search", id: "searchEvents", tag: "Audit", summary: "Search audit entries, newest first",
		scope: people.Read, faults: []fault.Code{fault.InvalidInput, fault.NotFound},
	}, func(ctx context.Context, in *filter) (*answer[list[Event]], error) {
		before := audit.NoneBefore
		if in.Cursor != "" {
			n, err := strconv.ParseUint(in.Cursor, 10, 64)
			if err != nil {
				return nil, fault.New(fault.InvalidInput, "this is no page of this list").At("cursor", in.Cursor).Fix("Start without a cursor.")
			}
			before = n
		}
		f := audit.Filter{Actor: audit.Actor(in.Actor), Subject: audit.Subject(in.Subject), Kind: in.Kind, From: in.From, To: in.To}
		if p, err := a.d.Staff.ByLogin(ctx, in.Actor); in.Actor != "" && err == nil && in.Actor != string(audit.System) {
			f.Actor = p.Actor()
		}
		page, err := a.d.Log.Search(ctx, f, before, in.Limit+1)
		if err != nil {
			return nil, err
		}
		next := ""
		if len(page) > in.Limit {
			page = page[:in.Limit]
			next = strconv.FormatUint(page[in.Limit-1].Number, 10)
		}
		return answering(listing(a.entries(ctx, page), next), nil)
	})
}

func (a *API) entries(ctx context.Context, page []audit.Entry) []Event {
	named := a.names(ctx)
	var items []Event
	for _, e := range page {
		v := Event{
			Number: e.Number, At: instant(e.At), Kind: e.Kind, Actor: e.Actor, Via: e.Via, Subject: e.Subject,
			From: word(e.From), To: word(e.To), Facts: map[string]string{},
		}
		if who, ok := personOf(string(e.Actor)); ok {
			v.Person = some(named.of(who))
		}
		if e.Digest != (audit.Commitment{}) {
			v.Digest = some(e.Digest.String())
		}
		for name, value := range e.Facts {
			v.Facts[name] = value
		}
		items = append(items, v)
	}
	return items
}
