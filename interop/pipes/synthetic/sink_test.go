package synthetic

import "testing"

func TestBelowTakesTheRootOff(t *testing.T) {
	for _, c := range []struct{ location, pathname, want string }{
		{"x:///srv/out", "/srv/out", "/"},
		{"x:///srv/out", "/srv/out/a/b", "/a/b"},
		{"x:///srv/out/", "/srv/out/a", "/a"},
		{"x:///", "/a", "/a"},
		{"x:///", "/", "/"},
		{"x://", "/a", "/a"},
		{"x://bucket/key", "bucket/key/a", "/a"},
		{"x://.", "a/b", "/a/b"},
		{"x:///srv/out", "/srv/outside", ""},
		{"x:///srv/out", "/srv/out/../a", ""},
		{"x:///srv/out", "/srv", ""},
		{"x:///srv/out", "srv/out/a", ""},
		{"x:///srv/out", "", ""},
		{"x:///srv/out", "/srv/out/a\x00b", ""},
		{"x://.", "/a", ""},
		{"x://.", "../a", ""},
		{"x:///", "a", ""},
	} {
		sink, err := OpenSink(Config{"location": c.location})
		if err != nil {
			t.Fatal(err)
		}
		got, err := sink.Below(c.pathname)
		if got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%q below %q is %q, %v", c.pathname, c.location, got, err)
		}
	}
}

func TestCheckRefusesWhatLeavesTheRoot(t *testing.T) {
	sink := &Sink{Root: "/srv"}
	for _, pathname := range []string{"/", "/a", "/a/..b/c..", "/ä"} {
		if err := sink.Check(pathname); err != nil {
			t.Error(err)
		}
	}
	for _, pathname := range []string{"", "a", "/..", "/a/../b", "/a\x00"} {
		if err := sink.Check(pathname); err == nil {
			t.Errorf("%q is taken", pathname)
		}
	}
}
