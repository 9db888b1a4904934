package kubectl

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// asker sends requests with a token, over connections that are kept.
func (s *Server) asker(t *testing.T, token string) func(path string) (int, http.Header, string) {
	t.Helper()
	pem, err := os.ReadFile(s.caFile())
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	client := &http.Client{Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: 64,
		TLSClientConfig: &tls.Config{RootCAs: roots}}}
	t.Cleanup(client.CloseIdleConnections)
	return func(path string) (int, http.Header, string) {
		request, err := http.NewRequest("GET", s.URL+path, nil)
		if err != nil {
			t.Error(err)
			return 0, nil, ""
		}
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := client.Do(request)
		if err != nil {
			t.Error(err)
			return 0, nil, ""
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		return response.StatusCode, response.Header, string(body)
	}
}

// A user that floods the server is told to wait; another's requests are all answered meanwhile.
func TestWhoFloodsIsRefusedAndNobodyElse(t *testing.T) {
	s := Start(t, "--max-requests-inflight", "8")
	admin := s.Admin(t)
	for _, account := range []string{"flood", "other"} {
		admin.Run("create", "serviceaccount", account)
		admin.Run("create", "rolebinding", account, "--clusterrole", "view", "--serviceaccount", "default:"+account)
	}
	large := strings.Repeat("x", 100000)
	for _, name := range []string{"a", "b", "c", "d"} {
		admin.Run("create", "configmap", name, "--from-literal=x="+large)
	}
	flood, other := s.asker(t, admin.Run("create", "token", "flood")), s.asker(t, admin.Run("create", "token", "other"))
	const path = "/api/v1/namespaces/default/configmaps"
	var refused, served atomic.Int64
	var ended atomic.Bool
	var flooding sync.WaitGroup
	for range 48 {
		flooding.Go(func() {
			for !ended.Load() {
				status, header, body := flood(path + "?resourceVersion=0")
				switch {
				case status == http.StatusTooManyRequests:
					refused.Add(1)
					if header.Get("Retry-After") != "1" || !strings.Contains(body, `"reason":"TooManyRequests"`) {
						t.Errorf("refused with %v %s", header, body)
					}
				case status == http.StatusOK:
					served.Add(1)
				default:
					t.Errorf("%d: %s", status, body)
				}
			}
		})
	}
	answered := 0
	for refused.Load() < 100 || answered < 50 {
		if status, _, body := other(path + "/a"); status != http.StatusOK {
			t.Errorf("another user is answered %d: %s", status, body)
			break
		}
		answered++
		if t.Failed() || answered > 20000 {
			break
		}
	}
	ended.Store(true)
	flooding.Wait()
	if refused.Load() == 0 || served.Load() == 0 {
		t.Errorf("of who floods %d were refused and %d served", refused.Load(), served.Load())
	}
}

func TestTheTimeOfARequestIsReadAsKubernetesDoes(t *testing.T) {
	s := Start(t)
	admin := s.Admin(t)
	admin.Run("create", "serviceaccount", "shop")
	ask := s.asker(t, admin.Run("create", "token", "shop"))
	status, _, body := ask("/version?timeout=soon")
	if status != http.StatusBadRequest {
		t.Errorf("%d", status)
	}
	Expect(t, body, "invalid timeout specified in the request URL")
	if status, _, _ := ask("/version?timeout=5s"); status != http.StatusOK {
		t.Errorf("%d", status)
	}
}
