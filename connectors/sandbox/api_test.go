package sandbox_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"standpunt/connectors/sandbox/network"
)

// api is one call of the network's own API, as a customer or a director makes
// it, behind the connector's back.
func (r *remote) api(t testing.TB, method, path, body string) network.ListJSON {
	t.Helper()
	return r.call(t, method, path, body, "")
}

// planned is how many faults the network still has in store.
func (r *remote) planned(t testing.TB) int {
	t.Helper()
	return len(r.api(t, "GET", "/api/faults", "").Items)
}

// brand changes a post of the brand's, as somebody with its token would.
func (r *remote) brand(t testing.TB, method, externalID, body string) {
	t.Helper()
	r.call(t, method, "/api/posts/"+externalID, body, goodToken)
}

func (r *remote) call(t testing.TB, method, path, body, token string) (got network.ListJSON) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+r.net.Addr().String()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	whole, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: status %d, %v: %s", method, path, answer.StatusCode, err, whole)
	}
	if method == http.MethodGet {
		if err := json.Unmarshal(whole, &got); err != nil {
			t.Fatal(err)
		}
	}
	return got
}
