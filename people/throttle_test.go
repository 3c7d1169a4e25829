package people

import (
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"standpunt/internal/fault"
)

func TestThrottleKeepsWithinItsMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := newThrottle()
		victim := attemptAt("anna", netip.MustParseAddr("192.0.2.1"))
		for range 6 {
			if err := th.begin(victim); err != nil {
				t.Fatal(err)
			}
		}
		for i := range throttleMost + 10 {
			if i == throttleMost/2 {
				// The waiting are used again and again, and stay.
				if err := th.begin(victim); !fault.Is(err, fault.RateLimited) {
					t.Fatalf("got %v", err)
				}
			}
			a := attemptAt(fmt.Sprint("login", i), netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}))
			if err := th.begin(a); err != nil {
				t.Fatal(err)
			}
		}
		if n, m := len(th.logins.byKey), th.logins.order.Len(); n != throttleMost || m != n {
			t.Fatalf("%d and %d logins kept, want %d", n, m, throttleMost)
		}
		if n := len(th.addresses.byKey); n != throttleMost {
			t.Fatalf("%d addresses kept, want %d", n, throttleMost)
		}
	})
}

func TestThrottleForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := newThrottle()
		a := attemptAt("anna", netip.MustParseAddr("192.0.2.1"))
		for range 6 {
			if err := th.begin(a); err != nil {
				t.Fatal(err)
			}
		}
		if err := th.begin(a); !fault.Is(err, fault.RateLimited) {
			t.Fatalf("got %v", err)
		}
		time.Sleep(throttleForget + time.Second)
		for range 6 { // as on the first day
			if err := th.begin(a); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// A colleague who signs in all day from the office does not slow the office
// down, and does not pay for guesses at others either.
func TestSuccessIsNoFailureOfTheNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := newThrottle()
		office := netip.MustParseAddr("192.0.2.1")
		for i := range 200 {
			a := attemptAt("anna", office)
			if err := th.begin(a); err != nil {
				t.Fatalf("sign-in %d: %v", i, err)
			}
			th.succeeded(a)
		}
		if len(th.addresses.byKey) != 0 || len(th.logins.byKey) != 0 {
			t.Fatal("successes are remembered as failures")
		}
		for i := range 51 { // guesses at others, each followed by a success of one's own
			own := attemptAt("anna", office)
			if err := th.begin(attemptAt(fmt.Sprint("other", i), office)); err != nil {
				t.Fatalf("guess %d: %v", i, err)
			}
			if err := th.begin(own); err == nil {
				th.succeeded(own)
			}
		}
		if err := th.begin(attemptAt("bert", office)); !fault.Is(err, fault.RateLimited) {
			t.Fatalf("own successes bought guesses at others: %v", err)
		}
	})
}

func TestOneNetworkIsOneAddress(t *testing.T) {
	for _, pair := range [][2]string{
		{"192.0.2.1", "::ffff:192.0.2.1"},
		{"2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff"},
		{"fe80::1%eth0", "fe80::2%eth1"},
	} {
		if addressKey(netip.MustParseAddr(pair[0])) != addressKey(netip.MustParseAddr(pair[1])) {
			t.Errorf("%s and %s are two", pair[0], pair[1])
		}
	}
	for _, pair := range [][2]string{{"192.0.2.1", "192.0.2.2"}, {"2001:db8::1", "2001:db8:0:1::1"}} {
		if addressKey(netip.MustParseAddr(pair[0])) == addressKey(netip.MustParseAddr(pair[1])) {
			t.Errorf("%s and %s are one", pair[0], pair[1])
		}
	}
}
