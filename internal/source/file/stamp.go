package file

import "time"

// stampKind says what a stamp needs to become an instant.
type stampKind uint8

const (
	naive  stampKind = iota // a date or wall clock of a zone that the stamp does not name
	offset                  // a wall clock with its distance from UTC
	epoch                   // an instant counted from 1970
)

// stamp is a time as a file writes it.
type stamp struct {
	kind stampKind
	sec  int64 // naive and offset: the wall clock as if it were UTC; epoch: the instant
	nsec int64
	east int64 // seconds east of UTC, of the kind offset
}

// instant is the moment of a stamp that is not naive.
func (s stamp) instant() time.Time { return time.Unix(s.sec-s.east, s.nsec).UTC() }

const wantStamp = "RFC 3339, epoch seconds, ms or µs, YYYY-MM-DD, MM/DD/YYYY or YYYY-MM-DD HH:MM[:SS][±hh:mm]"

// parseStamp reads one of the forms of wantStamp, further YYYYMMDD and
// YYYY/MM/DD, "09-AM" and "9:30 PM" for the time of day, Z and UTC for the
// offset, and a fraction of the second.
func parseStamp(b []byte) (stamp, bool) {
	if s, ok := parseEpoch(b); ok {
		return s, true
	}
	days, rest, ok := parseDate(b)
	if !ok {
		return stamp{}, false
	}
	s := stamp{sec: days * secondsPerDay}
	if len(rest) == 0 {
		return s, true
	}
	switch rest[0] {
	case 'T', 't', ' ':
		rest = rest[1:]
	default:
		return stamp{}, false
	}
	clock, nsec, rest, ok := parseClock(rest)
	if !ok {
		return stamp{}, false
	}
	s.sec += clock
	s.nsec = nsec
	if len(rest) == 0 {
		return s, true
	}
	s.kind = offset
	s.east, ok = parseOffset(rest)
	return s, ok
}

const (
	secondsPerDay = 24 * 60 * 60

	firstMilli = 100_000_000_000 // 1973 in ms, the year 5138 in s
	firstMicro = firstMilli * 1000
	firstNano  = firstMicro * 1000
)

// parseEpoch reads a count since 1970 with an optional fraction, its unit by its
// magnitude; and YYYYMMDD, which as a count would be of the years 1970 to 1973.
func parseEpoch(b []byte) (stamp, bool) {
	neg := len(b) > 0 && b[0] == '-'
	if neg {
		b = b[1:]
	}
	whole, rest, n := leadingDigits(b, 19)
	if n == 0 {
		return stamp{}, false
	}
	if n == 8 && len(rest) == 0 && !neg {
		if days, ok := civil(whole/10_000, whole/100%100, whole%100); ok {
			return stamp{sec: days * secondsPerDay}, true
		}
	}
	unit := int64(time.Second) // nanoseconds per counted unit
	switch {
	case whole < 0: // beyond 19 digits
		return stamp{}, false
	case whole >= firstNano:
		unit = 1
	case whole >= firstMicro:
		unit = int64(time.Microsecond)
	case whole >= firstMilli:
		unit = int64(time.Millisecond)
	}
	perSecond := int64(time.Second) / unit
	s := stamp{kind: epoch, sec: whole / perSecond, nsec: whole % perSecond * unit}
	if len(rest) > 0 {
		frac, tail, ok := parseFraction(rest)
		if !ok || len(tail) > 0 {
			return stamp{}, false
		}
		s.nsec += frac / perSecond
	}
	if neg {
		s.sec, s.nsec = -s.sec, -s.nsec
	}
	return s, true
}

// parseDate reads the date that b starts with, as days since 1970-01-01.
func parseDate(b []byte) (days int64, rest []byte, ok bool) {
	first, rest, n := leadingDigits(b, 9)
	if n == 8 {
		days, ok = civil(first/10_000, first/100%100, first%100)
		return days, rest, ok
	}
	if len(rest) == 0 {
		return 0, nil, false
	}
	sep := rest[0]
	second, rest, m := leadingDigits(rest[1:], 3)
	if sep != '-' && sep != '/' || m == 0 || m > 2 || len(rest) == 0 || rest[0] != sep {
		return 0, nil, false
	}
	third, rest, k := leadingDigits(rest[1:], 5)
	switch {
	case n == 4 && (sep == '/' || m == 2) && (k == 2 || k == 1 && sep == '/'):
		days, ok = civil(first, second, third)
	case sep == '/' && (n == 1 || n == 2) && k == 4:
		days, ok = civil(third, first, second)
	}
	return days, rest, ok
}

// parseClock reads the time of day that b starts with.
func parseClock(b []byte) (sec, nsec int64, rest []byte, ok bool) {
	hour, rest, n := leadingDigits(b, 3)
	if n < 1 || n > 2 || len(rest) == 0 {
		return 0, 0, nil, false
	}
	if rest[0] == '-' { // "09-AM"
		sec, rest, ok = halfDay(hour*3600, rest[1:])
		return sec, 0, rest, ok
	}
	var minute, second int64
	if minute, rest, ok = colonTwoDigits(rest); !ok || minute > 59 {
		return 0, 0, nil, false
	}
	if len(rest) > 0 && rest[0] == ':' {
		if second, rest, ok = colonTwoDigits(rest); !ok || second > 59 {
			return 0, 0, nil, false
		}
		if len(rest) > 0 && rest[0] == '.' {
			if nsec, rest, ok = parseFraction(rest); !ok {
				return 0, 0, nil, false
			}
		}
	}
	sec = hour*3600 + minute*60 + second
	if len(rest) == 3 && rest[0] == ' ' && rest[2]|0x20 == 'm' { // " PM"
		sec, rest, ok = halfDay(sec, rest[1:])
		return sec, nsec, rest, ok
	}
	return sec, nsec, rest, hour < 24
}

// halfDay moves a clock of twelve hours (12 is 0) to the half that b names.
func halfDay(sec int64, b []byte) (int64, []byte, bool) {
	if len(b) < 2 || b[1]|0x20 != 'm' || sec < 3600 || sec >= 13*3600 {
		return 0, nil, false
	}
	sec %= 12 * 3600
	switch b[0] | 0x20 {
	case 'p':
		sec += 12 * 3600
	case 'a':
	default:
		return 0, nil, false
	}
	return sec, b[2:], true
}

// parseOffset reads Z, UTC or ±hh[[:]mm], after at most one space, to the end.
func parseOffset(b []byte) (east int64, ok bool) {
	if b[0] == ' ' {
		b = b[1:]
	}
	switch string(b) {
	case "Z", "z", "UTC", "GMT":
		return 0, true
	}
	if len(b) < 3 || b[0] != '+' && b[0] != '-' {
		return 0, false
	}
	hours, rest, n := leadingDigits(b[1:], 5)
	var minutes int64
	switch {
	case n == 4 && len(rest) == 0:
		hours, minutes = hours/100, hours%100
	case n == 2 && len(rest) == 0:
	case n == 2:
		minutes, rest, ok = colonTwoDigits(rest)
		if !ok || len(rest) > 0 {
			return 0, false
		}
	default:
		return 0, false
	}
	if hours > 23 || minutes > 59 {
		return 0, false
	}
	east = hours*3600 + minutes*60
	if b[0] == '-' {
		east = -east
	}
	return east, true
}

// leadingDigits reads at most limit digits; n is how many there were.
func leadingDigits(b []byte, limit int) (v int64, rest []byte, n int) {
	for n < len(b) && n < limit && '0' <= b[n] && b[n] <= '9' {
		v = v*10 + int64(b[n]-'0')
		n++
	}
	return v, b[n:], n
}

func colonTwoDigits(b []byte) (v int64, rest []byte, ok bool) {
	if len(b) < 3 || b[0] != ':' {
		return 0, nil, false
	}
	v, rest, n := leadingDigits(b[1:], 2)
	return v, rest, n == 2
}

// parseFraction reads a point and the digits after it as nanoseconds; digits
// beyond the ninth are read and dropped.
func parseFraction(b []byte) (nsec int64, rest []byte, ok bool) {
	if b[0] != '.' {
		return 0, nil, false
	}
	nsec, rest, n := leadingDigits(b[1:], 9)
	for range 9 - n {
		nsec *= 10
	}
	if n == 9 {
		for len(rest) > 0 && '0' <= rest[0] && rest[0] <= '9' {
			rest = rest[1:]
		}
	}
	return nsec, rest, n > 0
}

// civil is a date of the Gregorian calendar in days since 1970-01-01; false if
// there is no such date. (Howard Hinnant, "chrono-compatible low-level date
// algorithms": eras of 400 years, years that start in March.)
func civil(year, month, day int64) (days int64, ok bool) {
	if year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > monthDays(year, month) {
		return 0, false
	}
	if month <= 2 {
		year--
	}
	era := year / 400
	yearOfEra := year - era*400
	dayOfYear := (153*((month+9)%12)+2)/5 + day - 1
	dayOfEra := yearOfEra*365 + yearOfEra/4 - yearOfEra/100 + dayOfYear
	return era*146_097 + dayOfEra - 719_468, true
}

func monthDays(year, month int64) int64 {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}
