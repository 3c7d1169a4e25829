package picture

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// The markers of ITU-T T.81, table B.1, that cleaning tells apart.
const (
	markerSOI  = 0xd8 // start of image
	markerEOI  = 0xd9 // end of image
	markerSOS  = 0xda // start of scan: entropy-coded data follows
	markerRST0 = 0xd0 // restarts within a scan, to 0xd7
	markerRST7 = 0xd7
	markerAPP0 = 0xe0
	markerAPPF = 0xef
	markerCOM  = 0xfe
)

const (
	// maxScans bounds the passes over the picture that a file can ask for: encoders write up
	// to a dozen, and each that is empty takes some bytes of the file and the time of a full one.
	maxScans = 64
	// adobeSize is how much of Adobe's segment says how the colours are meant, in bytes.
	adobeSize = 12
)

// cleanJPEG keeps the segments that decide how the pixels look: all but the
// application segments and comments, and of those JFIF's, Adobe's and colour
// profiles. The camera's orientation is kept in a segment of its own; turned
// says that it swaps width and height.
func cleanJPEG(data []byte) (clean []byte, turned bool, err error) {
	clean = append(make([]byte, 0, len(data)), 0xff, markerSOI)
	orientation := uint16(1)
	var body []byte // everything behind the orientation
	scans := 0
	for at := 2; ; {
		marker, next, ok := segment(data, at)
		if !ok {
			return nil, false, ErrBroken
		}
		if marker == markerEOI {
			body = append(body, 0xff, markerEOI)
			break
		}
		payload := data[at+4 : next]
		if marker == markerSOS {
			if scans++; scans > maxScans {
				return nil, false, ErrBroken
			}
			next = scanEnd(data, next)
		}
		switch {
		case marker == markerAPP0+1 && bytes.HasPrefix(payload, []byte("Exif\x00\x00")):
			if o := orientationOf(payload[6:]); o != 0 {
				orientation = o
			}
		case marker == markerAPP0+14 && bytes.HasPrefix(payload, []byte("Adobe")) && len(payload) >= adobeSize:
			body = append(body, 0xff, marker, 0, adobeSize+2)
			body = append(body, payload[:adobeSize]...)
		case keepsLook(marker, payload):
			body = append(body, data[at:next]...)
		}
		at = next
	}
	if orientation != 1 {
		clean = append(clean, orientationSegment(orientation)...)
	}
	return append(clean, body...), orientation >= 5, nil
}

// segment reads the marker at a place and where what follows it begins. Fill
// bytes before a marker are an error here: no camera writes them.
func segment(data []byte, at int) (marker byte, next int, ok bool) {
	if at+2 > len(data) || data[at] != 0xff {
		return 0, 0, false
	}
	if marker = data[at+1]; marker == markerEOI {
		return marker, at + 2, true
	}
	if at+4 > len(data) || marker < 0xc0 || marker == markerSOI || marker >= markerRST0 && marker <= markerRST7 {
		return 0, 0, false
	}
	next = at + 2 + int(binary.BigEndian.Uint16(data[at+2:]))
	return marker, next, next >= at+4 && next <= len(data)
}

// scanEnd is where the entropy-coded data that begins at a place ends: at the
// next marker that is no restart.
func scanEnd(data []byte, at int) int {
	for ; at+1 < len(data); at++ {
		if next := data[at+1]; data[at] == 0xff && next != 0 && next != 0xff && (next < markerRST0 || next > markerRST7) {
			return at
		}
	}
	return len(data)
}

func keepsLook(marker byte, payload []byte) bool {
	switch {
	case marker == markerAPP0:
		return bytes.HasPrefix(payload, []byte("JFIF\x00")) && len(payload) == 14 // without a thumbnail
	case marker == markerAPP0+2:
		return bytes.HasPrefix(payload, []byte("ICC_PROFILE\x00"))
	}
	return marker != markerCOM && (marker < markerAPP0 || marker > markerAPPF)
}

// tagOrientation is the orientation's tag in TIFF 6.0 and Exif: 1 to 8, from 5
// on lying on its side.
const tagOrientation = 0x0112

// orientationOf finds the orientation in an Exif block, 0 where there is none.
func orientationOf(tiff []byte) uint16 {
	var order binary.ByteOrder = binary.BigEndian
	switch {
	case len(tiff) < 8:
		return 0
	case tiff[0] == 'I':
		order = binary.LittleEndian
	}
	at := int64(order.Uint32(tiff[4:]))
	if at+2 > int64(len(tiff)) {
		return 0
	}
	entries := int64(order.Uint16(tiff[at:]))
	for i := range entries {
		entry := at + 2 + 12*i
		if entry+12 > int64(len(tiff)) {
			return 0
		}
		if order.Uint16(tiff[entry:]) == tagOrientation {
			if o := order.Uint16(tiff[entry+8:]); o >= 1 && o <= 8 {
				return o
			}
			return 0
		}
	}
	return 0
}

// orientationSegment is an Exif segment that holds nothing but the orientation.
func orientationSegment(orientation uint16) []byte {
	tiff := []byte("MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01")
	tiff = binary.BigEndian.AppendUint16(tiff, orientation)
	tiff = append(tiff, 0, 0, 0, 0, 0, 0)
	payload := slices.Concat([]byte("Exif\x00\x00"), tiff)
	head := binary.BigEndian.AppendUint16([]byte{0xff, markerAPP0 + 1}, uint16(len(payload)+2))
	return append(head, payload...)
}
