// Package clientgo holds `kvplane server` against k8s.io/client-go: informers, leader election,
// discovery, server-side apply and pages, as controllers and operators use them. The server comes
// from the package kubectl, which says what the environment must name.
package clientgo

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"kvshim/tests/controlplane/kubectl"
)

const patience = time.Minute

// Config is the administrator's, without a limit of the client's own.
func Config(t testing.TB, s *kubectl.Server) *rest.Config {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", s.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	config.QPS = -1
	return config
}

// Clients are the typed clients of a configuration.
func Clients(t testing.TB, config *rest.Config) *kubernetes.Clientset {
	t.Helper()
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return clients
}

// Deadline is a context that ends with the test, or when patience does.
func Deadline(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// Must fails the test where there is an error.
func Must[T any](t testing.TB) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// ConfigMap is one with a label, by which the tests tell its versions apart.
func ConfigMap(name, step string) *corev1.ConfigMap {
	return &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"step": step}}}
}

// Create creates one.
func Create(t testing.TB, clients kubernetes.Interface, name, step string) *corev1.ConfigMap {
	t.Helper()
	return Must[*corev1.ConfigMap](t)(clients.CoreV1().ConfigMaps("default").Create(Deadline(t),
		ConfigMap(name, step), metav1.CreateOptions{}))
}

// Answer is what a client asked and how it was answered.
type Answer struct {
	Method string
	Path   string
	Query  url.Values
	Status int
	Type   string
}

// Recorder notes what goes through the clients of a configuration.
type Recorder struct {
	mutex   sync.Mutex
	answers []Answer
}

// Record lets all that `config` sends be noted.
func Record(config *rest.Config) *Recorder {
	r := &Recorder{}
	config.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(request *http.Request) (*http.Response, error) {
			response, err := next.RoundTrip(request)
			if err == nil {
				r.mutex.Lock()
				defer r.mutex.Unlock()
				r.answers = append(r.answers, Answer{request.Method, request.URL.Path, request.URL.Query(),
					response.StatusCode, response.Header.Get("Content-Type")})
			}
			return response, err
		})
	})
	return r
}

// Of is what was asked of paths that end so.
func (r *Recorder) Of(suffix string) []Answer {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	var found []Answer
	for _, answer := range r.answers {
		if strings.HasSuffix(answer.Path, suffix) {
			found = append(found, answer)
		}
	}
	return found
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

// Events are what an informer or a watch tells, one after the other.
type Events chan string

// Expect takes the next ones, which must be these.
func (e Events) Expect(t testing.TB, wanted ...string) {
	t.Helper()
	end := time.After(patience)
	for i, want := range wanted {
		select {
		case got := <-e:
			if got != want {
				t.Fatalf("event %d is %q, not %q", i, got, want)
			}
		case <-end:
			t.Fatalf("event %d, %q, never comes", i, want)
		}
	}
}
