package proxy

import (
	"bytes"
	"encoding/binary"
)

// Protocol is what client and server speak. It must not be encrypted or compressed.
type Protocol int

const (
	Raw Protocol = iota // no messages that the proxy knows
	Postgres
	MySQL
)

// frame is a whole message with its bytes.
type frame struct {
	Message
	bytes []byte
}

// parser cuts the streams of one connection into messages. Both directions are fed to the same one,
// since an answer's form depends on what was asked; the connection's lock guards it.
type parser interface {
	// next is the length of the first message in the bytes, 0 if it is not whole, and negative if
	// they are none of the protocol.
	next(from Side, b []byte) int
	// read names a whole message and remembers what later ones need.
	read(from Side, b []byte) (name, text string)
}

func newParser(protocol Protocol) parser {
	switch protocol {
	case Postgres:
		return &postgres{statements: map[string]string{}, portals: map[string]string{}}
	case MySQL:
		return &mysql{statements: map[uint32]string{}}
	}
	return raw{}
}

type raw struct{}

func (raw) next(_ Side, b []byte) int             { return len(b) }
func (raw) read(Side, []byte) (name, text string) { return "bytes", "" }

const longestMessage = 256 << 20

// postgres knows the frontend/backend protocol, version 3.
type postgres struct {
	started    bool // the startup message has passed; from then on messages have a type
	questions  int  // for encryption, each answered by a single byte
	statements map[string]string
	portals    map[string]string
}

func (p *postgres) next(from Side, b []byte) int {
	header := 1 // the type
	if from == Server && p.questions > 0 {
		return min(len(b), 1)
	}
	if from == Client && !p.started {
		header = 0
	}
	if len(b) < header+4 {
		return 0
	}
	length := int(binary.BigEndian.Uint32(b[header:]))
	if length < 8-4*header || length > longestMessage { // a type, or a code after the length
		return -1
	}
	if len(b) < header+length {
		return 0
	}
	return header + length
}

var postgresNames = map[Side]map[byte]string{
	Client: {'Q': "Query", 'P': "Parse", 'B': "Bind", 'E': "Execute", 'S': "Sync", 'D': "Describe",
		'C': "Close", 'H': "Flush", 'X': "Terminate", 'p': "Password", 'd': "CopyData", 'c': "CopyDone",
		'f': "CopyFail", 'F': "FunctionCall"},
	Server: {'R': "Authentication", 'C': "CommandComplete", 'Z': "ReadyForQuery", 'E': "ErrorResponse",
		'T': "RowDescription", 'D': "DataRow", '1': "ParseComplete", '2': "BindComplete", 'S': "ParameterStatus",
		'K': "BackendKeyData", 'N': "NoticeResponse", 'A': "NotificationResponse", 'G': "CopyInResponse",
		'n': "NoData", 's': "PortalSuspended", 't': "ParameterDescription", 'I': "EmptyQueryResponse",
		'3': "CloseComplete", 'H': "CopyOutResponse", 'd': "CopyData", 'c': "CopyDone"},
}

func (p *postgres) read(from Side, b []byte) (name, text string) {
	if from == Server && p.questions > 0 {
		p.questions--
		return "Encryption", ""
	}
	if from == Client && !p.started {
		switch code := binary.BigEndian.Uint32(b[4:]); code {
		case 80877103, 80877104: // SSLRequest, GSSENCRequest
			p.questions++
			return "EncryptionRequest", ""
		case 80877102:
			return "CancelRequest", ""
		}
		p.started = true
		return "Startup", ""
	}
	name = postgresNames[from][b[0]]
	if from == Server {
		if b[0] == 'C' || b[0] == 'E' {
			text, _ = cString(b[5:])
		}
		return name, text
	}
	body := b[5:]
	switch b[0] {
	case 'Q':
		text, _ = cString(body)
	case 'P':
		statement, rest := cString(body)
		text, _ = cString(rest)
		p.statements[statement] = text
	case 'B':
		portal, rest := cString(body)
		statement, _ := cString(rest)
		text = p.statements[statement]
		p.portals[portal] = text
	case 'E':
		portal, _ := cString(body)
		text = p.portals[portal]
	}
	return name, text
}

func cString(b []byte) (text string, rest []byte) {
	end := bytes.IndexByte(b, 0)
	if end < 0 {
		return string(b), nil
	}
	return string(b[:end]), b[end+1:]
}

// mysql knows the client/server protocol of MySQL and MariaDB, as far as commands go.
type mysql struct {
	preparing  []string
	last       string // prepared most recently
	statements map[uint32]string
}

func (m *mysql) next(_ Side, b []byte) int {
	if len(b) < 4 {
		return 0
	}
	length := 4 + int(b[0]) + int(b[1])<<8 + int(b[2])<<16
	if len(b) < length {
		return 0
	}
	return length
}

var mysqlNames = map[byte]string{0x01: "COM_QUIT", 0x02: "COM_INIT_DB", 0x03: "COM_QUERY",
	0x0e: "COM_PING", 0x16: "COM_STMT_PREPARE", 0x17: "COM_STMT_EXECUTE", 0x19: "COM_STMT_CLOSE",
	0x1a: "COM_STMT_RESET", 0x1c: "COM_STMT_FETCH", 0x1f: "COM_RESET_CONNECTION", 0xfa: "COM_STMT_BULK_EXECUTE"}

func (m *mysql) read(from Side, b []byte) (name, text string) {
	sequence, body := b[3], b[4:]
	if from == Server {
		return m.answer(sequence, body), ""
	}
	if sequence != 0 || len(body) == 0 {
		return "Packet", "" // of the handshake, or the rest of a long command
	}
	name = mysqlNames[body[0]]
	switch body[0] {
	case 0x03:
		text = string(body[1:])
	case 0x16:
		text = string(body[1:])
		m.preparing = append(m.preparing, text)
		m.last = text
	case 0x17, 0xfa, 0x19:
		if len(body) >= 5 {
			id := binary.LittleEndian.Uint32(body[1:])
			if text = m.statements[id]; id == 0xffffffff {
				text = m.last
			}
		}
	}
	return name, text
}

func (m *mysql) answer(sequence byte, body []byte) string {
	if len(body) == 0 {
		return "Packet"
	}
	if sequence == 1 && len(m.preparing) > 0 {
		if body[0] == 0x00 && len(body) >= 12 {
			m.statements[binary.LittleEndian.Uint32(body[1:])] = m.preparing[0]
		}
		m.preparing = m.preparing[1:]
	}
	switch {
	case body[0] == 0x00:
		return "OK"
	case body[0] == 0xff:
		return "ERR"
	case body[0] == 0xfe && len(body) < 9:
		return "EOF"
	}
	return "Packet"
}
