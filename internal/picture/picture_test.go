package picture_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"slices"
	"strings"
	"testing"

	"standpunt/internal/picture"
)

// drawing is a picture whose every pixel differs from its neighbours.
func drawing(width, height int) image.Image {
	m := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			m.Set(x, y, color.NRGBA{R: uint8(x * 7), G: uint8(y * 5), B: uint8(x * y), A: 255})
		}
	}
	return m
}

func asJPEG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asPNG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// behindSOI puts segments where cameras write theirs.
func behindSOI(file []byte, segments ...[]byte) []byte {
	return slices.Concat(file[:2], slices.Concat(segments...), file[2:])
}

func app(marker byte, payload string) []byte {
	head := binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(payload)+2))
	return append(head, payload...)
}

// exif is a block as a phone writes it: orientation, and a secret further on.
func exif(order binary.AppendByteOrder, orientation uint16) string {
	b := []byte("MM\x00\x2a")
	if order == binary.AppendByteOrder(binary.LittleEndian) {
		b = []byte("II\x2a\x00")
	}
	b = order.AppendUint32(b, 8)
	b = order.AppendUint16(b, 2)
	for _, e := range [][2]uint16{{0x010f, 7}, {0x0112, orientation}} {
		b = order.AppendUint16(b, e[0])
		b = order.AppendUint16(b, 3)
		b = order.AppendUint32(b, 1)
		b = order.AppendUint16(b, e[1])
		b = order.AppendUint16(b, 0)
	}
	return "Exif\x00\x00" + string(b) + "GPS 52.3702N 4.8952E"
}

func chunk(name, payload string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(payload)))
	b = append(b, name+payload...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE([]byte(name+payload)))
}

func samePixels(t *testing.T, a, b []byte) {
	t.Helper()
	left, _, err := image.Decode(bytes.NewReader(a))
	if err != nil {
		t.Fatal(err)
	}
	right, _, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if left.Bounds() != right.Bounds() {
		t.Fatalf("%v became %v", left.Bounds(), right.Bounds())
	}
	for y := range left.Bounds().Dy() {
		for x := range left.Bounds().Dx() {
			if left.At(x, y) != right.At(x, y) {
				t.Fatalf("the pixel at %d, %d differs", x, y)
			}
		}
	}
}

func TestCleanKeepsThePixelsAndNothingElse(t *testing.T) {
	plain := asJPEG(t, drawing(40, 30))
	photo := append(behindSOI(plain,
		app(0xe1, exif(binary.BigEndian, 1)), app(0xe1, "http://ns.adobe.com/xap/1.0/\x00GPS"), app(0xed, "Photoshop 3.0\x00GPS"),
		app(0xfe, "GPS taken at home"), app(0xe2, "MPF\x00GPS")), []byte("PK\x03\x04 GPS in an appended archive")...)
	drawn := asPNG(t, drawing(40, 30))
	end := bytes.Index(drawn, []byte("IDAT")) - 4
	noted := slices.Concat(drawn[:end], chunk("tEXt", "Comment\x00GPS"), chunk("eXIf", "MM GPS"), drawn[end:], []byte("GPS"))
	for name, file := range map[string][]byte{"a photo": photo, "a drawing": noted} {
		t.Run(name, func(t *testing.T) {
			p, err := picture.Clean(file)
			if err != nil {
				t.Fatal(err)
			}
			if p.Width != 40 || p.Height != 30 {
				t.Errorf("%d x %d, want 40 x 30", p.Width, p.Height)
			}
			if bytes.Contains(p.Data, []byte("GPS")) {
				t.Error("something beside the pixels is still there")
			}
			samePixels(t, file, p.Data)
			again, err := picture.Clean(p.Data)
			if err != nil || !bytes.Equal(again.Data, p.Data) {
				t.Errorf("cleaning twice changes it: %v", err)
			}
		})
	}
}

func TestCleanKeepsWhichWayIsUp(t *testing.T) {
	plain := asJPEG(t, drawing(40, 30))
	for name, block := range map[string]string{
		"big endian": exif(binary.BigEndian, 6), "little endian": exif(binary.LittleEndian, 6),
	} {
		t.Run(name, func(t *testing.T) {
			p, err := picture.Clean(behindSOI(plain, app(0xe1, block)))
			if err != nil {
				t.Fatal(err)
			}
			if p.Width != 30 || p.Height != 40 {
				t.Errorf("%d x %d, want it upright: 30 x 40", p.Width, p.Height)
			}
			if !bytes.Contains(p.Data, []byte("Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06")) {
				t.Error("the orientation is gone")
			}
			if bytes.Contains(p.Data, []byte("GPS")) {
				t.Error("the place is still there")
			}
			again, err := picture.Clean(p.Data)
			if err != nil || !bytes.Equal(again.Data, p.Data) || again.Width != 30 {
				t.Errorf("cleaning twice changes it: %v", err)
			}
		})
	}
}

func TestCleanRefuses(t *testing.T) {
	whole, drawn := asJPEG(t, drawing(64, 64)), asPNG(t, drawing(64, 64))
	flipped := slices.Clone(drawn)
	flipped[len(flipped)/2] ^= 1
	huge := slices.Concat([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", "\x00\x00\xff\xff\x00\x00\xff\xff\x08\x02\x00\x00\x00"), chunk("IEND", ""))
	for name, c := range map[string]struct {
		file []byte
		want error
	}{
		"nothing":                  {nil, picture.ErrUnknown},
		"a web page":               {[]byte("<html><script>alert(1)</script>"), picture.ErrUnknown},
		"a drawing with scripts":   {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>`), picture.ErrUnknown},
		"half a photo":             {whole[:len(whole)/2], picture.ErrBroken},
		"a photo without its end":  {whole[:len(whole)-2], picture.ErrBroken},
		"the head of a photo":      {whole[:4], picture.ErrBroken},
		"half a drawing":           {drawn[:len(drawn)/2], picture.ErrBroken},
		"a drawing with a bit off": {flipped, picture.ErrBroken},
		"a bomb":                   {huge, picture.ErrTooBig},
		"a chunk beyond the end":   {[]byte("\x89PNG\r\n\x1a\n\xff\xff\xff\xffIHDR" + strings.Repeat("x", 20)), picture.ErrBroken},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := picture.Clean(c.file); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

// TestCleanRefusesEndlessPasses: a scan that changes nothing takes ten bytes of
// the file and the time of the whole picture.
func TestCleanRefusesEndlessPasses(t *testing.T) {
	whole := asJPEG(t, drawing(16, 16))
	at := bytes.LastIndex(whole, []byte{0xff, 0xda})
	scan := whole[at : len(whole)-2]
	passes := func(n int) []byte { return slices.Concat(whole[:at], bytes.Repeat(scan, n), whole[len(whole)-2:]) }
	if _, err := picture.Clean(passes(10)); err != nil {
		t.Errorf("ten passes: %v", err)
	}
	if _, err := picture.Clean(passes(65)); !errors.Is(err, picture.ErrBroken) {
		t.Errorf("65 passes: %v", err)
	}
}

// TestCleanKeepsOfAdobeTheColoursAlone: its segment says how colours are meant,
// and anything can stand behind that.
func TestCleanKeepsOfAdobeTheColoursAlone(t *testing.T) {
	const colours = "Adobe\x00\x64\x00\x00\x00\x00\x01"
	p, err := picture.Clean(behindSOI(asJPEG(t, drawing(40, 30)), app(0xee, colours+"GPS 52.3702N")))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(p.Data, app(0xee, colours)) || bytes.Contains(p.Data, []byte("GPS")) {
		t.Error("the colours are gone, or what stood behind them is still there")
	}
	if again, err := picture.Clean(p.Data); err != nil || !bytes.Equal(again.Data, p.Data) {
		t.Errorf("cleaning twice changes it: %v", err)
	}
}

func FuzzClean(f *testing.F) {
	f.Add(asJPEG(f, drawing(8, 8)))
	f.Add(asPNG(f, drawing(8, 8)))
	f.Add(behindSOI(asJPEG(f, drawing(8, 8)), app(0xe1, exif(binary.LittleEndian, 8))))
	f.Add([]byte("\x89PNG\r\n\x1a\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := picture.Clean(data)
		if err != nil {
			return
		}
		again, err := picture.Clean(p.Data)
		if err != nil {
			t.Fatalf("a clean picture is refused: %v", err)
		}
		if !bytes.Equal(again.Data, p.Data) || again.Type != p.Type || again.Width != p.Width || again.Height != p.Height {
			t.Fatal("cleaning twice changes it")
		}
		if len(p.Data) > len(data)+36 {
			t.Fatalf("%d bytes became %d", len(data), len(p.Data))
		}
	})
}
