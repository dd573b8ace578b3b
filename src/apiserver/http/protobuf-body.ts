import { decodeProtobuf, encodeProtobuf } from '#schema/protobuf.ts'
import { type AnyType, field, message, type Of, rawBytes, string } from '#schema/schema.ts'

/** Every protobuf body begins so (API concepts, "Kubernetes Protobuf encoding"). */
const magic = Buffer.from('k8s\u0000')

const TypeMeta = message('k8s.io.apimachinery.pkg.runtime.TypeMeta', { apiVersion: field(1, string()), kind: field(2, string()) })
const Unknown = message('k8s.io.apimachinery.pkg.runtime.Unknown', {
  typeMeta: field(1, TypeMeta),
  raw: field(2, rawBytes()),
  contentEncoding: field(3, string()),
  contentType: field(4, string()),
})

const RawExtension = message('k8s.io.apimachinery.pkg.runtime.RawExtension', { raw: field(1, rawBytes()) })
const WatchEvent = message('k8s.io.apimachinery.pkg.apis.meta.v1.WatchEvent', { type: field(1, string()), object: field(2, RawExtension) })

/** How many bytes the prefix of a protobuf body has. */
export const protobufPrefixBytes = magic.byteLength
/** Whether these bytes begin as a protobuf body does. */
export const isProtobufBody = (body: Uint8Array): boolean => magic.equals(body.subarray(0, magic.byteLength))

/**
 * The object in a protobuf body. `typeOf` gives the type that the envelope's names stand for; undefined leaves the object empty but for
 * these names, since nothing more can be told of it. Throws a `SyntaxError` for bytes that are no such envelope, and what `refuse` makes of the
 * reason where it is the object in it that cannot be read.
 */
export function readProtobufBody(
  body: Uint8Array,
  typeOf: (apiVersion: string, kind: string) => AnyType | undefined,
  refuse: (why: string) => Error = (why) => new SyntaxError(why),
): Record<string, unknown> {
  const asSyntax = (why: string): Error => new SyntaxError(why)
  const envelope = read(Unknown, body.subarray(magic.byteLength), asSyntax) as Of<typeof Unknown>
  const { apiVersion = '', kind = '' } = envelope.typeMeta ?? {}
  const type = typeOf(apiVersion, kind)
  const object = type === undefined ? {} : (read(type, envelope.raw ?? new Uint8Array(), refuse) as Record<string, unknown>)
  return { ...object, ...(apiVersion && { apiVersion }), ...(kind && { kind }) }
}

function read(type: AnyType, bytes: Uint8Array, refuse: (why: string) => Error): unknown {
  try {
    return decodeProtobuf(type, bytes)
  } catch (error) {
    if (error instanceof RangeError) throw refuse(error.message)
    throw error
  }
}

/** The same the other way round. */
export const writeProtobufBody = (type: AnyType, object: { readonly apiVersion: string; readonly kind: string }): Uint8Array =>
  wrapProtobuf(object, encodeProtobuf(type, object))

/** Bytes of an object with the envelope that says what it is. */
export const wrapProtobuf = ({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }, raw: Uint8Array): Uint8Array =>
  Buffer.concat([magic, encodeProtobuf(Unknown, { typeMeta: { apiVersion, kind }, raw })])

/** One event of a watch: its length in four bytes, then the event, whose object has the envelope of a body. */
export function protobufFrame(type: string, object: Uint8Array): Uint8Array {
  const event = encodeProtobuf(WatchEvent, { type, object: { raw: object } })
  const length = Buffer.alloc(4)
  length.writeUInt32BE(event.byteLength)
  return Buffer.concat([length, event])
}
