// Small files of the kinds that people upload, for tests and probes: each is what it says by its bytes.
import { crc32 } from 'node:zlib'

const documentType = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'

/** A PDF with some text in it, of ASCII alone. */
export const pdf = (text = 'Ada'): Buffer =>
  Buffer.from(`%PDF-1.4
1 0 obj <</Type /Catalog /Pages 2 0 R>> endobj
2 0 obj <</Type /Pages /Kids [3 0 R] /Count 1>> endobj
3 0 obj <</Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents 4 0 R>> endobj
4 0 obj <</Length ${text.length}>> stream
${text}
endstream endobj
trailer <</Root 1 0 R>>
%%EOF
`)

/** What Word writes, as far as it takes to be known as that. */
export const docx = (): Buffer =>
  zip({
    '[Content_Types].xml': `<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/word/document.xml" ContentType="${documentType}.main+xml"/></Types>`,
    'word/document.xml': '<?xml version="1.0"?><w:document/>',
  })

/** The first member says what the file is, as OpenDocument has it. */
export const odt = (): Buffer =>
  zip({ mimetype: 'application/vnd.oasis.opendocument.text', 'content.xml': '<?xml version="1.0"?><office/>' })

/** A zip of texts, none of them compressed. */
export function zip(members: Record<string, string>): Buffer {
  const local: Buffer[] = []
  const central: Buffer[] = []
  let offset = 0
  for (const [name, text] of Object.entries(members)) {
    const [called, content] = [Buffer.from(name), Buffer.from(text)]
    const about = Buffer.alloc(26)
    about.writeUInt16LE(20, 0)
    about.writeUInt32LE(crc32(content), 10)
    about.writeUInt32LE(content.length, 14)
    about.writeUInt32LE(content.length, 18)
    about.writeUInt16LE(called.length, 22)
    const entry = Buffer.concat([Buffer.from('PK\x03\x04'), about, called, content])
    const rest = Buffer.alloc(14)
    rest.writeUInt32LE(offset, 10)
    central.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\0'), about, rest, called]))
    local.push(entry)
    offset += entry.length
  }
  const size = central.reduce((sum, { length }) => sum + length, 0)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(central.length, 4)
  end.writeUInt16LE(central.length, 6)
  end.writeUInt32LE(size, 8)
  end.writeUInt32LE(offset, 12)
  return Buffer.concat([...local, ...central, Buffer.from('PK\x05\x06'), end])
}
