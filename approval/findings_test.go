package approval_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"standpunt/approval"
)

func TestFindings(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string // code and excerpt
	}{
		// Personal data.
		{"Stort op NL91 ABNA 0417 1643 00 graag", []string{"bank_account NL91 ABNA 0417 1643 00"}},
		{"nl91abna0417164300", []string{"bank_account nl91abna0417164300"}},
		{"NL91.ABNA.0417.1643.00 OF BE68-5390-0754-7034 DANK", []string{"bank_account NL91.ABNA.0417.1643.00", "bank_account BE68-5390-0754-7034"}},
		{"Bestelling NL12 ABCD 1234 5678 90", nil},
		{"Artikel AB12 NL91ABNA0417164300", []string{"bank_account NL91ABNA0417164300"}},
		{"Uw BSN is 123456782", []string{"national_id 123456782"}},
		{"Uw order is 123456789", nil},
		{"Bel 06-12345678 of 020 123 45 67", []string{"phone_number 06-12345678", "phone_number 020 123 45 67"}},
		{"Bel +31 (0)6 1234 5678", []string{"phone_number +31 (0)6 1234 5678"}},
		{"Bel 0031612345678", []string{"phone_number 0031612345678"}},
		{"Order 0123456789012 en 0000123456", nil},
		{"Op 01-02-2024 10:30 uur en 03.04.2025 12 uur", nil},
		{"Bel gratis 0800-0432", nil},
		{"Postbus 0012", nil},
		{"Mail jan@voorbeeld.nl", []string{"email_address jan@voorbeeld.nl"}},
		{"Volg @standpunt", nil},
		// What binds the company.
		{"Wij garanderen levering", []string{"promise garanderen"}},
		{"Wij vergoeden de schade", []string{"promise Wij vergoeden"}},
		{"Dit zal nooit meer gebeuren", []string{"promise zal nooit"}},
		{"Zoiets mag nooit meer voorkomen", []string{"promise nooit meer"}},
		{"This will never happen again, full refund", []string{"promise will never", "promise full refund"}},
		{"Deel nooit uw pincode. We staan altijd voor u klaar.", nil},
		{"As always, never share your PIN", nil},
		{"Vanavond is de monteur bij u.", nil},
		// Links.
		{"Zie https://standpunt.example/hulp?x=1.", nil},
		{"Zie https://bit.ly/x, www.T.co. en http://tinyurl.com:443/a", []string{"shortened_link https://bit.ly/x,", "shortened_link www.T.co.", "shortened_link http://tinyurl.com:443/a"}},
		{"https://bank.nl@evil.test/ en https://xn--bnk-5cd.nl", []string{"misleading_link https://bank.nl@evil.test/", "misleading_link https://xn--bnk-5cd.nl"}},
		{"https://b\u0430nk.nl", []string{"misleading_link https://b\u0430nk.nl", "mixed_scripts b\u0430nk"}},
		{"https://%65vil.test", []string{"misleading_link https://%65vil.test"}},
		// Look-alikes and odd spaces.
		{"p\u0430ypal", []string{"mixed_scripts p\u0430ypal"}},
		{"Привет from Αθήνα", nil},
		{"vijf\u00a0euro", []string{"unusual_space \u00a0"}},
	} {
		var got []string
		for _, f := range approval.Check(c.text) {
			got = append(got, f.Code+" "+f.Excerpt)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%q:\n got %q\nwant %q", c.text, got, c.want)
		}
	}
}

// TestManyFindingsHideNoOther floods a text with harmless ones.
func TestManyFindingsHideNoOther(t *testing.T) {
	var b strings.Builder
	for i := range 200 {
		fmt.Fprintf(&b, "a%d@b.nl ", i)
	}
	b.WriteString("NL91ABNA0417164300")
	found := approval.Check(b.String())
	if len(found) != 11 || found[10].Code != approval.FindingIBAN {
		t.Fatalf("%d findings: %v", len(found), found)
	}
	if f := approval.Check("https://bit.ly/" + strings.Repeat("x", 100)); len([]rune(f[0].Excerpt)) != 60 || !strings.HasSuffix(f[0].Excerpt, "…") {
		t.Fatalf("excerpt %q", f[0].Excerpt)
	}
}
