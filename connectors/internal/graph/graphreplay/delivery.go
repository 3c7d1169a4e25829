package graphreplay

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
)

// Sign is the signature of a delivery, as the header X-Hub-Signature-256 has it.
func Sign(secret string, body []byte) string { return "sha256=" + mac(secret, body) }

// Delivery is the request that delivers a signed body.
func Delivery(ctx context.Context, address string, body []byte, signature string) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Hub-Signature-256", signature)
	return r, nil
}

// Do sends a request to whoever takes deliveries. Its errors do not hold the
// address.
func Do(r *http.Request) (status int, body []byte, err error) {
	answer, err := http.DefaultClient.Do(r) //nolint:gosec // whoever runs the stand-in names the address
	var at *url.Error
	if errors.As(err, &at) {
		err = at.Err // the address can hold the verify token
	}
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	body, err = io.ReadAll(io.LimitReader(answer.Body, 1<<16))
	return answer.StatusCode, body, err
}
