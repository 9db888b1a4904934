package registered

import "reflect"

// Mutate changes a few things in what `object` points to: values, the order of lists, elements.
func (f *Filler) Mutate(object any) {
	f.mutate(reflect.ValueOf(object).Elem(), 0)
}

func (f *Filler) seldom() bool { return f.random.Intn(12) == 0 }

func (f *Filler) mutate(value reflect.Value, depth int) {
	if f.seldom() && depth > 1 {
		f.value(value, depth)
		return
	}
	switch value.Kind() {
	case reflect.Struct:
		if isSpecial(value) {
			return
		}
		for i := 0; i < value.NumField(); i++ {
			tag := value.Type().Field(i).Tag.Get("json")
			if tag != "-" && value.Field(i).CanSet() && value.Type().Field(i).Name != "TypeMeta" {
				f.mutate(value.Field(i), depth+1)
			}
		}
	case reflect.Pointer:
		if value.IsNil() {
			return
		}
		if f.seldom() {
			value.SetZero()
			return
		}
		if value.Elem().Kind() == reflect.Struct {
			f.mutate(value.Elem(), depth)
		}
	case reflect.Slice:
		f.mutateList(value, depth)
	case reflect.Map:
		if value.Len() > 0 && f.seldom() {
			value.SetMapIndex(value.MapKeys()[0], reflect.Value{})
		}
	}
}

func (f *Filler) mutateList(list reflect.Value, depth int) {
	if list.Len() == 0 || list.Type().Elem().Kind() == reflect.Uint8 {
		return
	}
	copied := reflect.MakeSlice(list.Type(), 0, list.Len()+1)
	for i := 0; i < list.Len(); i++ {
		if f.random.Intn(4) > 0 {
			copied = reflect.Append(copied, list.Index(i))
		}
	}
	if f.random.Intn(3) == 0 {
		element := reflect.New(list.Type().Elem()).Elem()
		f.value(element, depth)
		copied = reflect.Append(copied, element)
	}
	if f.random.Intn(2) == 0 && copied.Len() > 1 {
		reflect.Swapper(copied.Interface())(0, copied.Len()-1)
	}
	list.Set(copied)
	for i := 0; i < list.Len(); i++ {
		if list.Index(i).Kind() == reflect.Struct {
			f.mutate(list.Index(i), depth+2)
		}
	}
}
