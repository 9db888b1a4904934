package compare

import (
	"errors"
	"fmt"
	"math"
	"math/rand"
	"regexp"
	"strings"
	"testing"

	"gopkg.in/inf.v0"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/api/validate/content"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"

	"kvplane.test/types/codec"
)

var errSkip = errors.New("skip this text")

// agreeOnTexts asks both for texts made of the pieces; an error is compared as a text.
func agreeOnTexts(t *testing.T, command string, pieces []string, theirs func(string) (string, error)) {
	t.Helper()
	ours := codec.Start(t)
	random := rand.New(rand.NewSource(1))
	good := 0
	for i := 0; i < 30000; i++ {
		var text strings.Builder
		for n := random.Intn(7); n >= 0; n-- {
			text.WriteString(pieces[random.Intn(len(pieces))])
		}
		want, err := theirs(text.String())
		if errors.Is(err, errSkip) {
			continue
		}
		if err != nil {
			want = err.Error()
		} else {
			good++
		}
		got, err := ours.Ask(command, []byte(text.String()))
		if err != nil {
			got = []byte(err.Error())
		}
		if string(got) != want {
			t.Errorf("%q:\n got %s\nwant %s", text.String(), got, want)
			if i > 2000 || t.Failed() && i > 300 {
				t.FailNow()
			}
		}
	}
	t.Logf("%d were well-formed", good)
}

func TestLabelSelectorsReadAsInKubernetes(t *testing.T) {
	pieces := []string{"a", "app", "b.c/d", "x y", "=", "==", "!=", "!", "in", " in ", " notin ", "(", ")", ",", ", ", "a,b",
		"(a,b)", "(,)", ">", "<", "1", "-", "_", " ", "\t", "a in (b)", "x=y"}
	agreeOnTexts(t, "label-selector", pieces, func(text string) (string, error) {
		selector, err := labels.Parse(text)
		if err != nil {
			return "", err
		}
		return selector.String(), nil
	})
}

func TestFieldSelectorsReadAsInKubernetes(t *testing.T) {
	pieces := []string{"a", "metadata.name", "=", "==", "!=", "!", ",", "\\", "\\,", "\\=", "\\\\", "\\x", "b", "x=y", ",c!=d"}
	agreeOnTexts(t, "field-selector", pieces, func(text string) (string, error) {
		selector, err := fields.ParseSelector(text)
		if err != nil {
			return "", err
		}
		return selector.String(), nil
	})
}

func TestQuantitiesCountAsInKubernetes(t *testing.T) {
	pieces := []string{"1", "0", "5", "10", "1024", "999", "3", "7", ".", "-", "+", "k", "Ki", "M", "Mi", "G", "Gi", "m", "u", "n",
		"e3", "E", "Ei", "e-2", "x", "000", "12345"}
	// Beyond 10^29 ours are cut off; and Kubernetes takes minutes for numbers of millions of digits.
	longExponent := regexp.MustCompile(`[eE][-+]?[0-9]{2}`)
	agreeOnTexts(t, "quantity", pieces, func(text string) (string, error) {
		if longExponent.MatchString(text) {
			return "", errSkip
		}
		quantity, err := resource.ParseQuantity(text)
		if err != nil {
			return "", err
		}
		if math.Abs(quantity.AsApproximateFloat64()) >= 1e21 {
			return "", errSkip // for which Kubernetes has no suffix, and leaves it out
		}
		canonical := quantity.DeepCopy()
		canonical.Add(resource.Quantity{}) // forgets the text
		return fmt.Sprintf("%s %d %d", canonical.String(), scaled(quantity, 0), scaled(quantity, 3)), nil
	})
}

// scaled is a quantity in 10^-scale, rounded up; as much as 64 bits hold, where Kubernetes' own overflows.
func scaled(quantity resource.Quantity, scale inf.Scale) int64 {
	number := new(inf.Dec).Round(quantity.AsDec(), scale, inf.RoundUp).UnscaledBig()
	if !number.IsInt64() {
		return map[int]int64{1: math.MaxInt64, -1: math.MinInt64}[number.Sign()]
	}
	return number.Int64()
}

func TestNamesAreCheckedAsInKubernetes(t *testing.T) {
	pieces := []string{"a", "b-c", "A", "1", "-", ".", "..", "_", "/", "%", "ä", " ", "example.com", "--", strings.Repeat("x", 62), ""}
	checks := []func(string) []string{
		content.IsDNS1123Label, content.IsDNS1123Subdomain, validation.IsDNS1035Label, content.IsPathSegmentName,
		content.IsLabelKey, content.IsLabelValue, validation.IsConfigMapKey, validation.IsEnvVarName, validation.IsValidPortName,
	}
	agreeOnTexts(t, "name", pieces, func(text string) (string, error) {
		var out strings.Builder
		for _, check := range checks {
			for _, fault := range check(text) {
				out.WriteString(fault + "; ")
			}
			out.WriteByte('\n')
		}
		return out.String(), nil
	})
}
