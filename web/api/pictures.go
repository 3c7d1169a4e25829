package api

import (
	"context"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"standpunt/approval"
	"standpunt/internal/fault"
	"standpunt/people"
	"standpunt/web/session"
)

// pictureTypes are the media types that POST /pictures takes.
var pictureTypes = []string{"image/jpeg", "image/png"}

// Picture is a picture that can go with an answer.
type Picture struct {
	SHA256 approval.Hash `json:"sha256" doc:"Names it in a revision's media: 64 hexadecimal digits over its bytes as they are kept and sent."`
	Type   string        `json:"type" enum:"image/jpeg,image/png"`
	Width  int           `json:"width" doc:"Pixels."`
	Height int           `json:"height" doc:"Pixels."`
	Size   int64         `json:"size" doc:"Bytes."`
	At     instant       `json:"at"`
}

// Medium is a picture in a revision.
type Medium struct {
	SHA256  string `json:"sha256" doc:"As POST /pictures answered it."`
	AltText string `json:"alt_text" doc:"What it shows, for people who cannot see it. It is approved and published with the text."`
}

func (a *API) pictures() {
	type bringing struct {
		RawBody []byte `contentType:"image/jpeg"`
	}
	add(a, operation{
		method: http.MethodPost, path: "/pictures", id: "addPicture", tag: "Proposals", summary: "Bring in a picture to go with an answer",
		description: "The body is the file. What a camera or an editor wrote beside the pixels, such as the place, is left out. " +
			"A picture that no revision names is forgotten after two days.",
		scope: people.Write, status: http.StatusCreated, faults: []fault.Code{fault.Conflict, fault.Unavailable}, raw: pictureTypes, most: approval.MaxPicture,
	}, func(ctx context.Context, in *bringing) (*answer[Picture], error) {
		p, err := a.d.Approvals.AddPicture(ctx, session.From(ctx), in.RawBody)
		if err != nil {
			return nil, err
		}
		return answering(Picture{SHA256: p.SHA256, Type: p.Type, Width: p.Width, Height: p.Height, Size: p.Size, At: instant(p.At)}, nil)
	})
	type asking struct {
		SHA256 string `path:"sha256"`
	}
	type file struct {
		ContentType string `header:"Content-Type"`
		Sandbox     string `header:"Content-Security-Policy"`
		Body        []byte
	}
	add(a, operation{
		method: http.MethodGet, path: "/pictures/{sha256}", id: "getPicture", tag: "Proposals", summary: "A picture's bytes", scope: people.Read,
	}, func(ctx context.Context, in *asking) (*file, error) {
		h, err := approval.ParseHash(in.SHA256)
		if err != nil {
			return nil, fault.New(fault.NotFound, "there is no such picture").Because(err)
		}
		p, data, err := a.d.Approvals.Picture(ctx, h)
		if err != nil {
			return nil, err
		}
		return &file{ContentType: p.Type, Sandbox: "default-src 'none'; sandbox", Body: data}, nil
	})
	paths := a.huma.OpenAPI().Paths
	bytes := map[string]*huma.MediaType{}
	for _, t := range pictureTypes {
		bytes[t] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	}
	paths["/pictures"].Post.RequestBody.Content = bytes
	paths["/pictures/{sha256}"].Get.Responses["200"].Content = bytes
}

// rawBody reads the body of an operation that takes a file.
func (a *API) rawBody(types []string, most int64) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(ctx)
		media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil || !slices.Contains(types, media) {
			a.WriteProblem(w, r, fault.New(fault.InvalidInput, "the body's type is not one of those that are taken").
				At("Content-Type", r.Header.Get("Content-Type")).Fix("Send the header Content-Type: %s.", strings.Join(types, " or ")))
			return
		}
		select {
		case a.files <- struct{}{}:
			defer func() { <-a.files }()
		default: // whoever waited could wait for slow senders
			a.WriteProblem(w, r, fault.New(fault.Unavailable, "%d files are coming in already", filesAtOnce).
				Fix("Send it again in a moment.").With("retry_after", "5"))
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, most)
		if err := http.NewResponseController(w).SetReadDeadline(time.Now().Add(fileTime)); err != nil {
			a.logger.Warn("a file's time cannot be bounded", "error", err)
		}
		next(ctx)
	}
}

const (
	// fileTime bounds how long a file may take to come in.
	fileTime = 2 * time.Minute
	// filesAtOnce bounds how many files stand in memory.
	filesAtOnce = 8
)
