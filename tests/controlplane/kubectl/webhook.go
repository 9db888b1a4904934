package kubectl

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// Webhook is a server of webhooks over HTTPS, with an authority of its own.
type Webhook struct {
	URL         string
	Authority   string // of its certificate, PEM in base64
	Close       func()
	mutex       sync.Mutex
	asked       []Asked
	conversions []Conversion
	accepted    int
}

// Asked is the request of an AdmissionReview.
type Asked struct {
	UID         string
	Operation   string
	SubResource string
	DryRun      bool
	Kind        struct{ Group, Version, Kind string }
	UserInfo    struct{ Username string }
	Object      map[string]any
	OldObject   map[string]any
}

// Verdict is what a webhook answers.
type Verdict struct {
	Refusal  string
	Patch    string
	Warnings []string
	After    time.Duration
}

// StartWebhook serves `judge` at 127.0.0.1, with a certificate that is good for `names` as well.
func StartWebhook(t testing.TB, judge func(Asked) Verdict, names ...string) *Webhook {
	t.Helper()
	w := &Webhook{}
	w.serve(t, func(out http.ResponseWriter, in *http.Request) {
		var review struct{ Request Asked }
		if err := json.NewDecoder(in.Body).Decode(&review); err != nil {
			http.Error(out, err.Error(), http.StatusBadRequest)
			return
		}
		w.mutex.Lock()
		w.asked = append(w.asked, review.Request)
		w.mutex.Unlock()
		verdict := judge(review.Request)
		select {
		case <-time.After(verdict.After):
		case <-in.Context().Done():
		}
		response := map[string]any{"uid": review.Request.UID, "allowed": verdict.Refusal == "",
			"warnings": verdict.Warnings}
		if verdict.Refusal != "" {
			response["status"] = map[string]any{"message": verdict.Refusal, "code": 403, "reason": "Forbidden"}
		}
		if verdict.Patch != "" {
			response["patchType"] = "JSONPatch"
			response["patch"] = base64.StdEncoding.EncodeToString([]byte(verdict.Patch))
		}
		_ = json.NewEncoder(out).Encode(map[string]any{"kind": "AdmissionReview",
			"apiVersion": "admission.k8s.io/v1", "response": response})
	}, names)
	return w
}

func (w *Webhook) serve(t testing.TB, handle http.HandlerFunc, names []string) {
	t.Helper()
	server := httptest.NewUnstartedServer(handle)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			w.mutex.Lock()
			w.accepted++
			w.mutex.Unlock()
		}
	}
	authority, certificate := makeCertificate(t, names)
	w.Authority = base64.StdEncoding.EncodeToString(authority)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	server.StartTLS()
	t.Cleanup(server.Close)
	w.URL, w.Close = server.URL, server.Close
}

// Conversion is one ConversionReview.
type Conversion struct {
	To      string
	Objects []map[string]any
}

// StartConverter serves conversions: each object is changed in place; what is not nil is why not.
func StartConverter(t testing.TB, convert func(object map[string]any, to string) error) *Webhook {
	t.Helper()
	w := &Webhook{}
	w.serve(t, func(out http.ResponseWriter, in *http.Request) {
		var review struct {
			Kind, APIVersion string
			Request          struct {
				UID, DesiredAPIVersion string
				Objects                []map[string]any
			}
		}
		if err := json.NewDecoder(in.Body).Decode(&review); err != nil || review.Kind != "ConversionReview" ||
			review.APIVersion != "apiextensions.k8s.io/v1" {
			http.Error(out, fmt.Sprint(review.Kind, review.APIVersion, err), http.StatusBadRequest)
			return
		}
		asked := Conversion{To: review.Request.DesiredAPIVersion, Objects: review.Request.Objects}
		w.mutex.Lock()
		w.conversions = append(w.conversions, asked)
		w.mutex.Unlock()
		result := map[string]any{"status": "Success"}
		for _, object := range asked.Objects {
			if err := convert(object, asked.To); err != nil {
				result = map[string]any{"status": "Failure", "message": err.Error()}
				break
			}
		}
		_ = json.NewEncoder(out).Encode(map[string]any{"kind": review.Kind, "apiVersion": review.APIVersion,
			"response": map[string]any{"uid": review.Request.UID, "result": result,
				"convertedObjects": asked.Objects}})
	}, nil)
	return w
}

// Conversions is how many objects each review had, since it was asked last.
func (w *Webhook) Conversions() []int {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	counts := []int{}
	for _, one := range w.conversions {
		counts = append(counts, len(one.Objects))
	}
	w.conversions = nil
	return counts
}

// Port is where it listens.
func (w *Webhook) Port() string { return w.URL[strings.LastIndex(w.URL, ":")+1:] }

// Last is what it was asked last, and how often it was asked.
func (w *Webhook) Last() (Asked, int) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if len(w.asked) == 0 {
		return Asked{}, 0
	}
	return w.asked[len(w.asked)-1], len(w.asked)
}

// Connections is how many there have been.
func (w *Webhook) Connections() int {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.accepted
}

// Configuration registers it for CREATE and UPDATE of config maps in namespaces labelled hooked=yes.
func (w *Webhook) Configuration(kind, name, client, more string) string {
	if client == "" {
		client = "url: " + w.URL + "/check"
	}
	return fmt.Sprintf(`apiVersion: admissionregistration.k8s.io/v1
kind: %sWebhookConfiguration
metadata: {name: %s}
webhooks:
- name: %s.example.org
  sideEffects: None
  admissionReviewVersions: [v1]
  clientConfig:
    caBundle: %s
    %s
  namespaceSelector: {matchLabels: {hooked: "yes"}}
  rules:
  - {operations: [CREATE, UPDATE], apiGroups: [""], apiVersions: ["*"], resources: [configmaps]}
%s`, kind, name, name, w.Authority, client, more)
}

func makeCertificate(t testing.TB, names []string) ([]byte, tls.Certificate) {
	t.Helper()
	key := func() *ecdsa.PrivateKey {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	authorityKey, serverKey := key(), key()
	authority := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "hooks"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	own := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "hook"},
		NotBefore: authority.NotBefore, NotAfter: authority.NotAfter, DNSNames: names,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	authorityDER, err := x509.CreateCertificate(rand.Reader, authority, authority, authorityKey.Public(), authorityKey)
	if err != nil {
		t.Fatal(err)
	}
	ownDER, err := x509.CreateCertificate(rand.Reader, own, authority, serverKey.Public(), authorityKey)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authorityDER}),
		tls.Certificate{Certificate: [][]byte{ownDER}, PrivateKey: serverKey}
}
