package registered

import (
	"fmt"
	"math/rand"
	"reflect"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Filler fills Go values with random contents, as far as they can be written in both encodings.
type Filler struct {
	random *rand.Rand
	// Whether what is filled now is what a pointer points to.
	pointed bool
	// How likely a pointer, an element or a member is there, of 100.
	Density int
}

// NewFiller returns a filler that does the same for the same seed.
func NewFiller(seed int64) *Filler {
	return &Filler{random: rand.New(rand.NewSource(seed)), Density: 60}
}

const deepest = 9

// Fill sets all of what `object` points to, but for its kind and apiVersion.
func (f *Filler) Fill(object any) {
	f.value(reflect.ValueOf(object).Elem(), 0)
}

func (f *Filler) chance() bool { return f.random.Intn(100) < f.Density }

func (f *Filler) text() string {
	words := []string{"", "a", "web", "nginx:1.25", "x<y>&z", "käse", "日本語", "a/b~c", "line\nline", "\u2028", "\x01\"\\"}
	word := words[f.random.Intn(len(words))]
	if f.random.Intn(40) == 0 {
		return word
	}
	return fmt.Sprintf("%s%d", word, f.random.Intn(1000000))
}

func (f *Filler) integer(bits int) int64 {
	switch f.random.Intn(5) {
	case 0:
		return 0
	case 1:
		return f.random.Int63n(100)
	case 2:
		return -f.random.Int63n(100)
	}
	return int64(f.random.Uint64()) >> (64 - bits)
}

var quantities = []string{
	"0", "1", "100m", "1500m", "1k", "12000", "1Gi", "1.5Gi", "512Mi", "1025Ki", "1e3", "5e-3", "250u", "3n",
	"-7", "0.5", "1.25", "2048", "1536Ki", "100E", "1.500", "12e6", "1023", "0.1Ki", "1000000", "7Ei",
}

// isSpecial says whether a value is filled as a whole.
func isSpecial(value reflect.Value) bool {
	return (&Filler{random: rand.New(rand.NewSource(0))}).special(reflect.New(value.Type()).Elem(), deepest)
}

func (f *Filler) special(value reflect.Value, depth int) bool {
	switch target := value.Addr().Interface().(type) {
	case *metav1.TypeMeta:
	case *metav1.Time:
		// A pointer to nothing cannot be written in JSON.
		if f.pointed || f.chance() {
			*target = metav1.Unix(f.random.Int63n(4e9)-1e9, 0)
		}
	case *metav1.MicroTime:
		if f.pointed || f.chance() {
			*target = metav1.NewMicroTime(time.Unix(f.random.Int63n(4e9), f.random.Int63n(1e6)*1000))
		}
	case *metav1.Duration:
		target.Duration = time.Duration(f.integer(50))
	case *intstr.IntOrString:
		if f.chance() {
			*target = intstr.FromString(f.text())
		} else {
			*target = intstr.FromInt32(int32(f.integer(32)))
		}
	case *resource.Quantity:
		*target = resource.MustParse(quantities[f.random.Intn(len(quantities))])
	case *runtime.RawExtension:
		if f.pointed || f.chance() {
			target.Raw = f.json()
		}
	case *metav1.FieldsV1:
		target.Raw = []byte(`{"f:metadata":{"f:labels":{".":{},"f:app":{}}}}`)
	case *apiextensionsv1.JSON:
		target.Raw = f.json()
	case *apiextensionsv1.JSONSchemaPropsOrBool:
		target.Allows = f.chance()
		if target.Schema = f.schema(depth); target.Schema != nil {
			target.Allows = true
		}
	case *apiextensionsv1.JSONSchemaPropsOrArray:
		if target.Schema = f.schema(depth); target.Schema == nil {
			target.JSONSchemas = []apiextensionsv1.JSONSchemaProps{{Type: f.text()}, {Format: f.text()}}
		}
	case *apiextensionsv1.JSONSchemaPropsOrStringArray:
		if target.Schema = f.schema(depth); target.Schema == nil {
			target.Property = []string{f.text(), f.text()}
		}
	default:
		return false
	}
	return true
}

func (f *Filler) schema(depth int) *apiextensionsv1.JSONSchemaProps {
	if depth > deepest-2 || !f.chance() {
		return nil
	}
	props := &apiextensionsv1.JSONSchemaProps{}
	f.value(reflect.ValueOf(props).Elem(), depth+4)
	return props
}

func (f *Filler) json() []byte {
	documents := []string{
		`{"apiVersion":"example.com/v1","kind":"CustomType","spec":{"replicas":1}}`, `{}`, `[]`, `"text"`, `true`,
		`-12`, `0.25`, `[1,null,{"z":1,"a":[]}]`, `1e-9`, `{"deep":{"er":{"":0}}}`,
	}
	return []byte(documents[f.random.Intn(len(documents))])
}

func (f *Filler) value(value reflect.Value, depth int) {
	if value.Kind() == reflect.Struct && f.special(value, depth) {
		return
	}
	there := depth < deepest && f.chance()
	switch value.Kind() {
	case reflect.Struct:
		f.pointed = false
		for i := 0; i < value.NumField(); i++ {
			if tag := value.Type().Field(i).Tag.Get("json"); tag != "-" && value.Field(i).CanSet() {
				f.value(value.Field(i), depth+1)
			}
		}
	case reflect.Pointer:
		if there {
			value.Set(reflect.New(value.Type().Elem()))
			f.pointed = true
			f.value(value.Elem(), depth)
			f.pointed = false
		}
	case reflect.Slice:
		if !there {
			return
		}
		if value.Type().Elem().Kind() == reflect.Uint8 {
			bytes := make([]byte, 1+f.random.Intn(9))
			f.random.Read(bytes)
			value.SetBytes(bytes)
			return
		}
		length := 1 + f.random.Intn(2)
		value.Set(reflect.MakeSlice(value.Type(), length, length))
		for i := 0; i < length; i++ {
			f.value(value.Index(i), depth)
		}
	case reflect.Map:
		if !there {
			return
		}
		value.Set(reflect.MakeMap(value.Type()))
		for i := f.random.Intn(3); i >= 0; i-- {
			element := reflect.New(value.Type().Elem()).Elem()
			f.value(element, depth)
			value.SetMapIndex(reflect.ValueOf(f.text()).Convert(value.Type().Key()), element)
		}
	case reflect.String:
		value.SetString(f.text())
	case reflect.Bool:
		value.SetBool(f.random.Intn(2) == 0)
	case reflect.Int32:
		value.SetInt(f.integer(32))
	case reflect.Int64, reflect.Int:
		value.SetInt(f.integer(64))
	case reflect.Float64:
		value.SetFloat([]float64{0, 1, -2.5, 1e-9, 1e21, 12345.678}[f.random.Intn(6)])
	case reflect.Interface:
		if there {
			value.Set(reflect.ValueOf(f.text()))
		}
	default:
		panic("cannot fill " + value.Type().String())
	}
}
