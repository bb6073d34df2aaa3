/**
 * As much of D-Bus as it takes to ask one question: method calls with texts as arguments, and whether an answer came.
 *
 * @see D-Bus specification, "Message Protocol": little-endian, fields aligned to their size, structures to 8
 */
export interface MethodCall {
  readonly serial: number
  readonly destination: string
  readonly path: string
  readonly interface: string
  readonly member: string
  readonly texts?: readonly string[]
}

/** What an answer says. */
export interface Reply {
  readonly kind: 'return' | 'error' | 'other'
  /** What follows the header. */
  readonly body: Buffer
}

const methodCall = 1
const kinds: Readonly<Record<number, Reply['kind']>> = { 2: 'return', 3: 'error' }
const protocolVersion = 1
const fixedHeaderLength = 16

/** A method call, ready to be sent. */
export function formatMethodCall({ serial, destination, path, member, texts = [], ...call }: MethodCall): Buffer {
  const body = concat(texts.map(formatText), 4)
  const fields = concat(
    [
      formatField(1, 'o', formatText(path)),
      formatField(2, 's', formatText(call.interface)),
      formatField(3, 's', formatText(member)),
      formatField(6, 's', formatText(destination)),
      ...(texts.length === 0 ? [] : [formatField(8, 'g', formatSignature('s'.repeat(texts.length)))]),
    ],
    8,
  )
  const header = Buffer.alloc(fixedHeaderLength)
  header.write('l', 0)
  header[1] = methodCall
  header[3] = protocolVersion
  header.writeUInt32LE(body.length, 4)
  header.writeUInt32LE(serial, 8)
  header.writeUInt32LE(fields.length, 12)
  return Buffer.concat([padTo(Buffer.concat([header, fields]), 8), body])
}

/** The first message of what was received, and how long it is; `undefined` while it is not all there. */
export function readMessage(received: Buffer): { reply: Reply; length: number } | undefined {
  if (received.length < fixedHeaderLength) return undefined
  const isLittle = received[0] === 0x6c
  const numberAt = (offset: number) => (isLittle ? received.readUInt32LE(offset) : received.readUInt32BE(offset))
  const bodyAt = aligned(fixedHeaderLength + numberAt(12), 8)
  const length = bodyAt + numberAt(4)
  if (received.length < length) return undefined
  return { reply: { kind: kinds[received[1] ?? 0] ?? 'other', body: received.subarray(bodyAt, length) }, length }
}

/** The boolean in a body that is a variant of one: its signature `b`, padding, then a number of four bytes. */
export function readBooleanVariant(body: Buffer): boolean | undefined {
  if (body.length !== 8 || body[0] !== 1 || body[1] !== 0x62) return undefined
  return body.subarray(4).some((byte) => byte !== 0)
}

function formatField(code: number, signature: string, value: Buffer): Buffer {
  return Buffer.concat([padTo(Buffer.concat([Buffer.from([code]), formatSignature(signature)]), 4), value])
}

function formatText(text: string): Buffer {
  const bytes = Buffer.from(`${text}\0`)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(bytes.length - 1)
  return Buffer.concat([length, bytes])
}

function formatSignature(signature: string): Buffer {
  return Buffer.from(`${String.fromCharCode(signature.length)}${signature}\0`)
}

/** Parts one after another, each beginning at a multiple of the alignment. */
function concat(parts: readonly Buffer[], alignment: number): Buffer {
  return parts.reduce((all, part) => Buffer.concat([padTo(all, alignment), part]), Buffer.alloc(0))
}

function padTo(bytes: Buffer, alignment: number): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(aligned(bytes.length, alignment) - bytes.length)])
}

function aligned(length: number, alignment: number): number {
  return Math.ceil(length / alignment) * alignment
}
